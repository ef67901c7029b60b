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
    dioscope record -q --full -o "/out/$name.dioscope" -- "$@" --output="/out/$name.traced.json"
}

# whatif_disk NAME MICROSECONDS LIMIT FILESYSTEM: a disk that answers after that time, and takes LIMIT MB/s if that is not 0,
# with the file system and a file that is written and not cached, at /mnt/NAME. 0 MICROSECONDS: the emulated NVMe.
whatif_disk() {
    set -- "$1" "$2" "$3" "$4" ""
    [ "$3" = 0 ] || set -- "$1" "$2" "$3" "$4" "mbps=$3"
    if [ "$2" = 0 ]; then make_device nvme; else null_device "$1" "$1" "${2}000" $5; fi && make_filesystem "$4" "/mnt/$1" || return 1
    dd if=/dev/zero of="/mnt/$1/file" bs=1M count=32 conv=fsync 2>/dev/null || return 1
    sync
    echo 3 >/proc/sys/vm/drop_caches
}

# with_hog HOG CPUS COMMAND...: while a task takes HOG percent of the first of the CPUs.
with_hog() {
    hog=$1 hog_cpu=${2%%-*}
    shift 2
    if [ "$hog" != 0 ]; then
        taskset -c "$hog_cpu" hog --name=hog --thread --ioengine=cpuio --cpuload="$hog" --cpuchunks=1000 --time_based \
            --runtime=3600 >/dev/null 2>&1 &
        hog_process=$!
        sleep 1
    fi
    "$@"
    status=$?
    [ "$hog" = 0 ] || kill -9 "$hog_process"
    return $status
}

# whatif_case NAME RECORDED CPUS HOG PLAIN COMMAND...: as whatif_run; PLAIN - 1 more of NAME.plain.json.
whatif_case() {
    name=$1 recorded=$2 cpus=$3 hog=$4 plain=$5
    shift 5
    with_hog "$hog" "$cpus" whatif_measure "$@"
}

whatif_measure() {
    "$@" >/dev/null || return 1
    "$@" --output="/out/$name.plain.json" || return 1
    for number in $(seq 2 "$plain"); do
        "$@" --output="/out/$name.plain-$number.json" || return 1
    done
    [ "$recorded" = 1 ] || return 0
    dioscope record -q --full -o "/out/$name.dioscope" -- "$@" --output="/out/$name.traced.json"
}

# whatif_measured NAME DISK CPUS HOG PLAIN REPEATS FIO-ARGUMENT...: NAME.plain.json, and PLAIN - 1 more of these; unless REPEATS
# is 0 also NAME.whatif.json, what dioscope makes of it; NAME.cached.json and NAME.dropped.json, what fio reaches when the
# first pages of the file are cached by dd, and when none is.
whatif_measured() {
    name=$1 disk_name=$2 cpus=$3 hog=$4 plain=$5 repeats=$6
    shift 6
    with_hog "$hog" "$cpus" whatif_both "$@"
}

whatif_both() {
    recorded=0
    whatif_measure fio --output-format=json "$@" || return 1
    [ "$repeats" != 0 ] || return 0
    dioscope whatif --json --repeat "$repeats" -- fio "$@" >"/out/$name.whatif.json"
    fio --output-format=json "$@" >/dev/null
    for side in cached dropped; do
        sync
        echo 3 >/proc/sys/vm/drop_caches
        [ $side = dropped ] || dd if="/mnt/$disk_name/file" of=/dev/null bs=4k count=4 2>/dev/null
        fio --output-format=json "$@" --output="/out/$name.$side.json" || return 1
    done
}
