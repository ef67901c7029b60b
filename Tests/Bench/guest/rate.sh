# As many I/Os as there can be, alone and recorded.
. /lab/device.sh

# prepare IRQ-MODE
prepare() {
    null_device n0 nullb0 10000 irqmode="$1" && make_filesystem ext4 || return 1
    dd if=/dev/zero of=/mnt/t/file bs=1M count=64 conv=fsync 2>/dev/null && sync
}

# rate LABEL JOBS SECONDS RECORD-OPTION...
rate() {
    label=$1 jobs=$2 seconds=$3
    shift 3
    fio="fio --output-format=json --name=rate --thread --filename=/mnt/t/file --ioengine=libaio --direct=1 --bs=4k
        --rw=randwrite --norandommap --iodepth=32 --size=64M --fallocate=none --time_based --runtime=$seconds
        --numjobs=$jobs --cpus_allowed=0-$((jobs - 1)) --cpus_allowed_policy=split --group_reporting"
    $fio --output="/out/$label.untraced.json" &&
        dioscope record -q -o /dev/shm/rate.dioscope "$@" -- $fio --output="/out/$label.traced.json" &&
        dioscope report --json /dev/shm/rate.dioscope >"/out/$label.report.json" && rm /dev/shm/rate.dioscope
}
