# As many I/Os as there can be, alone and recorded.
. /lab/device.sh

# prepare IRQ-MODE: a null_blk that completes so, with a file system of its own.
prepare() {
    null_device "n$1" "nullb$1" 10000 irqmode="$1" size=128 && make_filesystem ext4 "/mnt/$1" || return 1
    dd if=/dev/zero of="/mnt/$1/file" bs=1M count=64 conv=fsync 2>/dev/null && sync
}

# rate LABEL IRQ-MODE IOS JOBS RECORD-OPTION...
rate() {
    label=$1 mode=$2 ios=$3 jobs=$4
    shift 4
    fio="fio --output-format=json --name=rate --thread --filename=/mnt/$mode/file --ioengine=libaio --direct=1 --bs=4k
        --rw=randwrite --norandommap --iodepth=32 --size=64M --fallocate=none --io_size=$((ios / jobs * 4))k
        --numjobs=$jobs --group_reporting"
    $fio --output="/out/$label.untraced.json" >/dev/null &&
        dioscope record -q -o /dev/shm/rate.dioscope "$@" -- $fio --output="/out/$label.traced.json" >/dev/null &&
        dioscope report --json /dev/shm/rate.dioscope >"/out/$label.report.json" && rm /dev/shm/rate.dioscope
}
