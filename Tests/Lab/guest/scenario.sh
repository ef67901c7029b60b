# One scenario: file system, file, truth on, dioscope with fio under it, truth off, what dioscope says about it.

patience="timeout -k 5 100" # a command that hangs must not take the other scenarios with it

# prepare_file KIND MEGABYTES
#   prewrite  the file exists, written and on disk; none of it in the page cache
#   cached    the same, with a few of its first pages in the page cache
#   bad       as prewrite; then the blocks that it lies on become unreadable and unwritable (null_blk only)
#   reflinked as prewrite; then all its blocks are another file's too
#   scattered every other block is written, and an extent of its own; mounted anew, or the journal keeps what is known of them
#   none      no file yet
prepare_file() {
    rm -f $target
    case $1 in
    prewrite | cached | bad | reflinked)
        dd if=/dev/zero of=$target bs=1M count="$2" conv=fsync 2>/dev/null || return 1
        sync
        echo 3 >/proc/sys/vm/drop_caches
        ;;
    esac
    case $1 in
    scattered)
        fio --name=scattered --filename=$target --rw=write:4k --bs=4k --size="$2M" --fallocate=none --end_fsync=1 >/dev/null &&
            truncate -s "$2M" $target && sync && umount /mnt/t && mount -t ext4 "$disk" /mnt/t || return 1
        ;;
    cached) dd if=$target of=/dev/null bs=4k count=4 2>/dev/null || return 1 ;;
    bad) mark_bad || return 1 ;;
    reflinked) /bin/cp --reflink=always $target $target.shared && sync || return 1 ;;
    esac
}

# prepare_beside KIND MEGABYTES: a second file, on a null_blk and in a file system of its own, at /mnt/beside/file.
prepare_beside() {
    (null_device n1 nullb1 200000 && make_filesystem "$1" /mnt/beside && target=/mnt/beside/file && prepare_file prewrite "$2")
}

bad_blocks=/sys/kernel/config/nullb/n0/badblocks

# mark_bad: the device fails I/O to the blocks of $target from now on. filefrag counts in blocks, the device in sectors;
# older kernels put a range of more than 512 of these into the list in a wrong order and then do not find it.
mark_bad() {
    filefrag -b4096 -v $target | awk '/^ *[0-9]+:/ {
        gsub(/[:.]+/, " ")
        for (at = $4; at <= $5; at += 64) print at * 8 "-" (at + 63 < $5 ? at + 63 : $5) * 8 + 7
    }' >/tmp/bad
    [ -s /tmp/bad ] && while read -r range; do
        echo "+$range" >$bad_blocks || return 1
    done </tmp/bad
}

unmark_bad() {
    while read -r range; do
        echo "-$range" >$bad_blocks || return 1
    done </tmp/bad
    rm /tmp/bad
}

# Every I/O, whatever that costs in an emulated guest.
everything() {
    case " $options " in *" --sample "* | *" --sample="* | *" --summary "*) ;; *) echo --full ;; esac
}

# step NAME WHAT COMMAND...: runs it, keeps what it said and its exit code.
step() {
    name=$1 what=$2
    shift 2
    "$@" 2>"/out/$name.$what.err"
    echo "$what $?" >>"/out/$name.status"
}

# whole_record FIO...: the whole machine is recorded while it runs.
whole_record() {
    dioscope record $(everything) $options -o "/out/$name.dioscope" 2>/tmp/said &
    recording=$!
    for attempt in $(seq 60); do
        grep -q recording /tmp/said && break
        sleep 1
    done
    $patience "$@"
    fio_status=$?
    kill -INT $recording
    wait $recording
    whole_status=$?
    cat /tmp/said >&2
    [ $fio_status = 0 ] && return $whole_status
}

# mounted_devices FILE...: the device of each, or of the file system that it is in, as mountinfo has it.
mounted_devices() {
    for file in "$@"; do
        awk -v file="$file" 'index(file "/", $5 == "/" ? "/" : $5 "/") == 1 && length($5) > length(best) { best = $5; device = $3 }
            END { print device }' /proc/self/mountinfo
    done
}

# chosen FILTER: options of record, in which FILE, DISK and BOTTOM are the row's file, its device, and that below all layers.
chosen() {
    [ "$1" = none ] || echo "$1" | sed "s|FILE|$target|; s|DISK|$disk|; s|BOTTOM|${bottom#/dev/}|"
}

# scenario NAME FILESYSTEM PREPARATION MEGABYTES DISTURBANCE OCCUPANTS SUMMARY BLOCKS LIMIT WHOLE FILTER FIO-ARGUMENT...
# FILESYSTEM may be two with a + between them; the second one is then at /mnt/beside. DISTURBANCE is of disturb.sh.
# BLOCKS is 1 if the truth is to have bios and requests, 2 with the occupants too; LIMIT is of limits.sh. WHOLE is 1 if
# the whole machine is recorded. FILTER is of chosen.
# OCCUPANTS is 1 if the truth is to have the occupants of the CPUs, SUMMARY if I/Os are to be aggregated and not listed.
scenario() {
    name=$1 filesystem=$2 preparation=$3 megabytes=$4 disturbance=$5 occupants=$6 options= listed=1
    [ "$7" = 1 ] && options=--summary listed=0
    blocks=$8 limit=$9
    shift 9
    whole=$1 filter=$2
    shift 2
    echo "lab: scenario $name"
    target=/mnt/t/file
    options="$options $(chosen "$filter")"
    step "$name" filesystem make_filesystem "${filesystem%+*}"
    if [ "$filesystem" = none ]; then
        target=$disk${second:+:$second}
    else
        step "$name" file prepare_file "$preparation" "$megabytes"
        [ ! -f "$target" ] || filefrag -b512 -v "$target" >"/out/$name.extents" 2>/dev/null
    fi
    files=$(echo "$target" | tr : ' ')
    case $filesystem in
    *+*)
        step "$name" beside prepare_beside "${filesystem#*+}" "$megabytes"
        files="$target /mnt/beside/file"
        ;;
    esac
    set -- fio --output-format=json --output="/out/$name.fio.json" --filename=$target "$@"
    # It takes what it needs of fio's arguments.
    [ "$disturbance" != futex ] || set -- taskset 2 sleeper "$@"
    limited=
    step "$name" limit limit_set "$limit"
    [ -z "$limited" ] || set -- sh /lab/limited.sh "$limited" "$@"
    step "$name" disturb disturb_prepare "$disturbance"
    step "$name" occupants truth_occupants "$occupants"
    step "$name" blocks truth_blocks "$blocks"
    if disturb_begins_with_fio "$disturbance"; then
        set -- sh /lab/beside.sh "$disturbance" "$@"
    else
        step "$name" disturb disturb_start "$disturbance"
    fi
    truth_start
    # What occupies CPU 1 is to be the row's doing: the recorder stays away, and fio chooses its CPU itself.
    recorder=dioscope
    [ "$occupants" = 1 ] && recorder="taskset 1 dioscope"
    if [ -x /bin/dioscope ] && [ "$whole" = 1 ]; then
        step "$name" record whole_record "$@" >"/out/$name.record.txt"
    elif [ -x /bin/dioscope ]; then
        step "$name" record $patience $recorder record $(everything) $options -o "/out/$name.dioscope" -- "$@" >"/out/$name.record.txt"
    else
        step "$name" record $patience "$@"
    fi
    killall -q -9 dioscope fio
    truth_stop "$name"
    disturb_stop
    step "$name" limit-off limit_unset "$limit"
    [ -f /tmp/bad ] && step "$name" unmark-bad unmark_bad
    step "$name" stat stat -L -c '%D %i %t %T' $files >"/out/$name.stat"
    step "$name" mounts mounted_devices $files >"/out/$name.mounts"
    if [ -x /bin/dioscope ]; then
        step "$name" report $patience dioscope report "/out/$name.dioscope" >"/out/$name.txt"
        step "$name" report-json $patience dioscope report --json "/out/$name.dioscope" >"/out/$name.json"
        [ $listed = 0 ] || step "$name" list-json $patience dioscope list --json "/out/$name.dioscope" >"/out/$name.ios.jsonl"
    fi
}
