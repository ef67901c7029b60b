# Runs of fio between marks, alone and under a recorder. Every run is done twice, with few and with many I/Os: the
# difference of the two is free of all that happens once.
. /lab/device.sh

# prepare: a null_blk that answers after 20 us by a timer, ext4, and a file of 64 MiB that is laid out.
prepare() {
    null_device n0 nullb0 20000 && make_filesystem ext4 || return 1
    dd if=/dev/zero of=/mnt/t/file bs=1M count=64 conv=fsync 2>/dev/null && sync && echo 3 >/proc/sys/vm/drop_caches
    fio_run warm-up 4096 16
    rm /out/warm-up.*
}

# consumed: nanoseconds that all threads of the recorder, $recorder or what it started, have had the CPU.
consumed() {
    for pid in $recorder; do
        cat /proc/"$pid"/task/*/schedstat /proc/"$pid"/task/*/children 2>/dev/null | awk 'NF == 3 { sum += $1 }
            END { printf "%.0f\n", sum }'
    done
}

# fio_run LABEL IOS DEPTH
fio_run() {
    fio --output-format=json --output="/out/$1.fio.json" --filename=/mnt/t/file --name=bench --thread --ioengine=libaio \
        --direct=1 --rw=randwrite --bs=4k --size=64M --io_size="$(($2 * 4))k" --norandommap --fallocate=none \
        --iodepth="$3" >/dev/null 2>&1
}

# marked LABEL IOS DEPTH: a run between two marks, with a second in which the recorder takes what is left.
marked() {
    before=$(consumed)
    echo "before $1" >>/out/marks
    mark
    fio_run "$@"
    sleep 1
    echo "$1" >>/out/marks
    mark
    echo "$1 $((${before:-0})) $(($(consumed)))" >>/out/consumed
}

# pair NAME DEPTH: few and many I/Os.
pair() {
    marked "$1.few" "$few" "$2" && marked "$1.many" "$many" "$2"
}

# settle: until the recorder has nothing more to do.
settle() {
    last=-1 now=0
    until [ "$now" -gt 0 ] && [ $((now - last)) -lt 5000000 ]; do
        sleep 1
        kill -0 $recorder || return 1
        last=$now now=$(consumed)
    done
}

# start NAME COMMAND...: a recorder in the background, until it records and has done what it does once: its first I/Os
# cost more, and so does the first other work that holds the CPU while one waits, writing back.
start() {
    name=$1
    shift
    "$@" >"/out/$name.log" 2>&1 &
    recorder=$!
    settle || return 1
    (sleep 0.1; dd if=/dev/zero of=/mnt/t/other bs=1M count=16 2>/dev/null; sync) &
    marked "$name.first" "$many" 16
}

stop() {
    kill -INT $recorder
    wait $recorder
    recorder=
}

# pair_with_programs NAME DEPTH: the same, with the run times of all BPF programs before, between and after.
pair_with_programs() {
    bpftool prog show -j >"/out/$1.before.programs" && marked "$1.few" "$few" "$2" &&
        bpftool prog show -j >"/out/$1.between.programs" && marked "$1.many" "$many" "$2" &&
        bpftool prog show -j >"/out/$1.after.programs"
}
