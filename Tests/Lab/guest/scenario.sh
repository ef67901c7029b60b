# One scenario: file system, file, truth on, dioscope with fio under it, truth off, what dioscope says about it.

target=/mnt/t/file
patience="timeout -k 5 50" # a command that hangs must not take the other scenarios with it

# prepare_file KIND MEGABYTES
#   prewrite  the file exists, written and on disk; none of it in the page cache
#   cached    the same, with a few of its first pages in the page cache
#   none      no file yet
prepare_file() {
    rm -f $target
    case $1 in
    prewrite | cached)
        dd if=/dev/zero of=$target bs=1M count="$2" conv=fsync 2>/dev/null || return 1
        sync
        echo 3 >/proc/sys/vm/drop_caches
        ;;
    esac
    case $1 in
    cached) dd if=$target of=/dev/null bs=4k count=4 2>/dev/null || return 1 ;;
    esac
}

# step NAME WHAT COMMAND...: runs it, keeps what it said and its exit code.
step() {
    name=$1 what=$2
    shift 2
    "$@" 2>"/out/$name.$what.err"
    echo "$what $?" >>"/out/$name.status"
}

# scenario NAME FILESYSTEM PREPARATION MEGABYTES FIO-ARGUMENT...
scenario() {
    name=$1 filesystem=$2 preparation=$3 megabytes=$4
    shift 4
    echo "lab: scenario $name"
    step "$name" filesystem make_filesystem "$filesystem"
    if [ "$filesystem" = none ]; then
        target=$disk
    else
        step "$name" file prepare_file "$preparation" "$megabytes"
    fi
    set -- fio --output-format=json --output="/out/$name.fio.json" --filename=$target "$@"
    truth_start
    if [ -x /bin/dioscope ]; then
        step "$name" record $patience dioscope record -o "/out/$name.dioscope" -- "$@" >"/out/$name.record.txt"
    else
        step "$name" record $patience "$@"
    fi
    killall -q -9 dioscope fio
    truth_stop "$name"
    if [ -x /bin/dioscope ]; then
        step "$name" report $patience dioscope report "/out/$name.dioscope" >"/out/$name.txt"
        step "$name" report-json $patience dioscope report --json "/out/$name.dioscope" >"/out/$name.json"
        step "$name" list-json $patience dioscope list --json "/out/$name.dioscope" >"/out/$name.ios.jsonl"
    fi
}
