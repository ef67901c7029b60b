# As many I/Os as there can be, alone and recorded.
. /lab/device.sh

# prepare IRQ-MODE [SETTING=VALUE...]: a null_blk that completes so, with a file system of its own.
prepare() {
    mode=$1
    shift
    null_device "n$mode" "nullb$mode" 10000 irqmode="$mode" size=128 "$@" && make_filesystem ext4 "/mnt/$mode" || return 1
    dd if=/dev/zero of="/mnt/$mode/file" bs=1M count=64 conv=fsync 2>/dev/null && sync
    allow_many_in_flight
}

# rate LABEL IRQ-MODE IOS JOBS DEPTH RECORD-OPTION...
rate() {
    label=$1 mode=$2 ios=$3 jobs=$4 depth=$5
    shift 5
    fio="fio --output-format=json --name=rate --thread --filename=/mnt/$mode/file --ioengine=libaio --direct=1 --bs=4k
        --rw=randwrite --norandommap --iodepth=$depth --size=64M --fallocate=none --io_size=$((ios / jobs * 4))k
        --numjobs=$jobs --group_reporting"
    $fio --output="/out/$label.untraced.json" >/dev/null &&
        dioscope record -q -o /dev/shm/rate.dioscope "$@" -- $fio --output="/out/$label.traced.json" >/dev/null &&
        dioscope report --json /dev/shm/rate.dioscope >"/out/$label.report.json" && rm /dev/shm/rate.dioscope
}
