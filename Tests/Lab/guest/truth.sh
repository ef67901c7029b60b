# The truth: an ftrace recording in an instance of its own, independent of what dioscope does.
#
# Functions are chosen by line number of available_filter_functions: a name makes the kernel search all its symbols,
# which takes about a second each under emulation.

truth=/sys/kernel/tracing/instances/truth
truth_functions='iomap_dio_complete|iomap_dio_bio_end_io|iomap_dio_complete_work|iomap_dio_simple_complete|iomap_dio_simple_end_io|iomap_dio_simple_complete_work|dio_complete|dio_bio_end_aio|dio_bio_end_io|dio_aio_complete_work'

# truth_prepare: sets the instance up, switched off. Once per boot.
truth_prepare() {
    mkdir $truth || return 1
    echo 0 >$truth/tracing_on
    echo mono >$truth/trace_clock
    echo 1 >$truth/options/irq-info
    echo 16384 >$truth/buffer_size_kb
    grep -nE "^($truth_functions)\$" /sys/kernel/tracing/available_filter_functions >/tmp/truth-functions
    cut -d: -f1 /tmp/truth-functions | while read -r line; do
        echo "$line" >>$truth/set_ftrace_filter || return 1
    done
    cut -d: -f2 /tmp/truth-functions | sort >/tmp/truth-wanted
    sort $truth/set_ftrace_filter | cmp -s - /tmp/truth-wanted || return 1
    echo function >$truth/current_tracer || return 1
    if [ -d $truth/events/iomap/iomap_dio_rw_begin ]; then
        echo 1 >$truth/events/iomap/iomap_dio_rw_begin/enable || return 1
    else
        truth_begin_probe || return 1
    fi
    echo 1 >$truth/events/workqueue/workqueue_queue_work/enable &&
        echo 1 >$truth/events/workqueue/workqueue_execute_start/enable
}

# Kernels before 6.5 have no iomap_dio events; a kprobe gives the same facts: kiocb.ki_pos is at 8 and
# iov_iter.count at 16 in both 5.10 and 6.1.
truth_begin_probe() {
    echo 'p:lab/iomap_dio_rw_begin iomap_dio_rw offset=+8($arg1):x64 length=+16($arg2):x64' \
        >>/sys/kernel/tracing/kprobe_events && echo 1 >$truth/events/lab/iomap_dio_rw_begin/enable
}

truth_start() {
    echo >$truth/trace
    echo 1 >$truth/tracing_on
}

# truth_stop NAME: the recording and what the kernel says it lost.
truth_stop() {
    echo 0 >$truth/tracing_on
    cat $truth/trace >"/out/$1.trace"
    for cpu in $truth/per_cpu/cpu*; do
        sed "s/^/${cpu##*/} /" "$cpu/stats"
    done >"/out/$1.trace-stats"
    echo >$truth/trace
}
