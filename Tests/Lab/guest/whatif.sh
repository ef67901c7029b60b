# One case of `what-if`: fio by itself, and with dioscope recording it.

# whatif_file CACHED: the file, written and not cached; but for its first pages if CACHED is 1.
whatif_file() {
    dd if=/dev/zero of=/mnt/t/file bs=1M count=64 conv=fsync 2>/dev/null || return 1
    sync
    echo 3 >/proc/sys/vm/drop_caches
    [ "$1" = 0 ] || dd if=/mnt/t/file of=/dev/null bs=4k count=4 2>/dev/null
}

# whatif_run NAME RECORDED FIO-ARGUMENT...: leaves NAME.plain.json, and if RECORDED is 1 NAME.dioscope. What a first run
# finds cold, it warms for the others.
whatif_run() {
    name=$1 recorded=$2
    shift 2
    set -- fio --filename=/mnt/t/file --output-format=json "$@"
    "$@" >/dev/null || return 1
    "$@" --output="/out/$name.plain.json" || return 1
    [ "$recorded" = 1 ] || return 0
    dioscope record -q -o "/out/$name.dioscope" -- "$@" --output="/out/$name.traced.json"
}
