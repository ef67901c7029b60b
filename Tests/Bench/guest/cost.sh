# Runs of fio between marks, alone and under a recorder. Every run is done twice, with few and with many I/Os: the
# difference of the two is free of all that happens once.
. /lab/device.sh

# prepare [SETTING=VALUE...]: a null_blk that answers after 20 us by a timer, ext4, and a file of 64 MiB, laid out.
prepare() {
    null_device n0 nullb0 20000 "$@" && make_filesystem ext4 || return 1
    dd if=/dev/zero of=/mnt/t/file bs=1M count=64 conv=fsync 2>/dev/null && sync && echo 3 >/proc/sys/vm/drop_caches
    # khugepaged would collapse pages in some runs and not in others: hundreds of instructions an I/O.
    echo never 2>/dev/null >/sys/kernel/mm/transparent_hugepage/enabled
    allow_many_in_flight
}

# consumed: nanoseconds that the recorder's threads, and those of what it started, have had the CPU.
consumed() {
    [ -n "$recorder" ] || return 0
    read -r comm </proc/"$recorder"/comm
    for directory in /proc/[0-9]*; do
        read -r its <"$directory/comm" && [ "$its" = "$comm" ] && cat "$directory"/task/*/schedstat
    done 2>/dev/null | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# fio_run LABEL IOS JOBS FIO-ARGUMENT...: so many I/Os by all jobs together.
fio_run() {
    label=$1 count=$2 jobs=$3
    shift 3
    fio --output-format=json --output="/out/$label.fio.json" --name=bench --thread --ioengine=libaio --direct=1 \
        --rw=randwrite --bs=4k --size=64M --io_size="$((count / jobs * 4))k" --norandommap --fallocate=none \
        --group_reporting "$@" >"/out/$label.fio.log" 2>&1 || return 1
    ios=$((ios + count / jobs * jobs))
}

# marked LABEL IOS JOBS FIO-ARGUMENT...: a run between two marks, and a second in which the recorder takes the rest.
marked() {
    before=$(consumed)
    echo "before $1" >>/out/marks
    mark
    fio_run "$@" || return 1
    sleep 1
    echo "$1" >>/out/marks
    mark
    echo "$1 $((${before:-0})) $(($(consumed)))" >>/out/consumed
}

# pair NAME FEW MANY JOBS FIO-ARGUMENT...: few and many I/Os.
pair() {
    name=$1 few=$2 many=$3
    shift 3
    programs before && marked "$name.few" "$few" "$@" && programs between && marked "$name.many" "$many" "$@" &&
        programs after
}

# programs WHEN: run times of all BPF programs, if they are counted.
programs() {
    [ "$(cat /proc/sys/kernel/bpf_stats_enabled)" = 0 ] || bpftool prog show -j >"/out/$name.$1.programs"
}

# settle: until the recorder has nothing more to do; one that always has is a failure.
settle() {
    last=-1 now=0 turns=0
    until [ "$now" -gt 0 ] && [ $((now - last)) -lt 5000000 ]; do
        [ $((turns += 1)) -le 120 ] || {
            echo "$name takes $((now - last)) instructions a second, and has no work to do"
            return 1
        }
        sleep 1
        kill -0 $recorder || return 1
        last=$now now=$(consumed)
    done
}

# start NAME COMMAND...: a recorder in the background, until it records and has done what it does once: its first I/Os
# cost more, and so does the first other work on the kworkers' CPU that an I/O waits for.
start() {
    name=$1
    shift
    ios=0
    "$@" >"/out/$name.log" 2>&1 &
    recorder=$!
    settle || return 1
    other_works &
    marked "$name.first" 16384 1 --filename=/mnt/t/file --iodepth=16
}

# other_works: a second of them.
other_works() {
    for number in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        usleep 50000
        cat /proc/sys/vm/stat_refresh
    done
}

# stop NAME: ends the recorder and notes the size of what it wrote, by I/O.
stop() {
    kill -INT "$recorder"
    wait "$recorder"
    recorder=
    [ ! -f "$output" ] || echo "$1 $(stat -c %s "$output") $ios" >>/out/sizes
}

# recipe TOOL: what dioscope says has to be recorded with it, for the same report.
recipe() {
    dioscope record --how "$1" | sed -e 's/ -- COMMAND$//' -e 's/ COMMAND$//' -e 's/-o trace.dat/-o $output/' \
        -e 's/-o perf.data/-o $output/' -e '/^dioscope report/d' -e '/^perf script/d' -e '/^echo .-:/d' \
        -e 's/^\(trace-cmd\|perf\) /exec &/' >/tmp/recipe.sh
    export output
}

forget_recipe() {
    echo >/sys/kernel/tracing/kprobe_events
}
