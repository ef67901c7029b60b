# The truth: an ftrace recording in an instance of its own, independent of what dioscope does.
#
# Functions are chosen by line number of available_filter_functions: a name makes the kernel search all its symbols,
# which takes about a second each under emulation.

truth=/sys/kernel/tracing/instances/truth
truth_functions='(iomap_)?dio_complete|iomap_dio_complete_work|iomap_dio_bio_end_io|io_req_rw_complete'
truth_functions="$truth_functions|iomap_dio_simple_(complete|end_io|complete_work)" # 7.3, short reads
truth_functions="$truth_functions|dio_bio_end_aio|dio_bio_end_io|dio_aio_complete_work" # fs/direct-io.c
truth_functions="$truth_functions|blkdev_bio_end_io|blkdev_bio_end_io_async" # a raw block device
truth_functions="$truth_functions|submit_bio_wait_endio|bio_wait_end_io|blkdev_bio_end_io_simple" # one that sleeps for it
truth_functions="$truth_functions|irq_thread_fn|irq_forced_thread_fn" # interrupts with a thread
truth_functions="$truth_functions|throttle_cfs_rq|unthrottle_cfs_rq" # cgroups without CPU quota
truth_functions="$truth_functions|io_wq_submit_work" # a worker of io-wq takes a request up

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
    truth_events || return 1
    echo 1 >$truth/events/workqueue/workqueue_queue_work/enable &&
        echo 1 >$truth/events/workqueue/workqueue_execute_start/enable
}

# Where a direct I/O begins, and where iomap_dio_complete is through: events of iomap, since 6.5. Kprobes give the same
# facts before that, and the begins of the two paths that are not iomap's. kiocb.ki_pos is at 8 and ki_flags at 32
# everywhere; iov_iter.count has moved from 16 to 24, and before the events came. A block device serves buffered I/O by
# the same function: bit 17 is IOCB_DIRECT.
truth_events() {
    count=24
    if [ -d $truth/events/iomap/iomap_dio_rw_begin ]; then
        echo 1 >$truth/events/iomap/iomap_dio_rw_begin/enable &&
            echo 1 >$truth/events/iomap/iomap_dio_complete/enable || return 1
    else
        count=16
        truth_probe iomap_dio_rw_begin __iomap_dio_rw '$arg2' &&
            echo 'r256:lab/iomap_dio_complete iomap_dio_complete' >>/sys/kernel/tracing/kprobe_events &&
            echo 1 >$truth/events/lab/iomap_dio_complete/enable || return 1
    fi
    truth_probe legacy_begin __blockdev_direct_IO '$arg4' &&
        truth_probe blkdev_begin blkdev_read_iter '$arg2' &&
        truth_probe blkdev_begin blkdev_write_iter '$arg2' &&
        echo 'flags & 0x20000' >$truth/events/lab/blkdev_begin/filter || return 1
    # Where it slept for its I/O; what is queued returns -EIOCBQUEUED.
    for function in blkdev_read_iter blkdev_write_iter; do
        echo "r256:lab/blkdev_returned $function ret=\$retval:s64" >>/sys/kernel/tracing/kprobe_events || return 1
    done
    echo 'ret != -529' >$truth/events/lab/blkdev_returned/filter &&
        echo 1 >$truth/events/lab/blkdev_returned/enable
}

# truth_probe EVENT FUNCTION ITER: ITER is the argument that is the iov_iter; the first one is the kiocb.
truth_probe() {
    probes=/sys/kernel/tracing/kprobe_events
    echo "p:lab/$1 $2 offset=+8(\$arg1):x64 length=+$count($3):x64 flags=+32(\$arg1):x32" >>$probes &&
        echo 1 >"$truth/events/lab/$1/enable"
}

# Occupants of the CPUs: the events that show them, as far as this kernel has them. Many: only for rows that ask for it.
truth_occupants='sched/sched_switch irq/irq_handler_entry irq/irq_handler_exit irq/softirq_entry irq/softirq_exit
    workqueue/workqueue_activate_work workqueue/workqueue_execute_end'
# Before 6.2, which brought bpf_rdonly_cast, dioscope leaves the timer's events alone: switching them on is not safe.
truth_vectors=
! grep -qw bpf_rdonly_cast /proc/kallsyms || truth_vectors='local_timer_entry local_timer_exit'

# truth_occupants 1 | 0
truth_occupants() {
    for event in $truth_occupants; do
        echo "$1" >$truth/events/$event/enable || return 1
    done
    for event in $truth_vectors; do
        [ ! -d $truth/events/irq_vectors/$event ] || echo "$1" >$truth/events/irq_vectors/$event/enable || return 1
    done
}

# Bios, requests and who delivers their completion.
truth_block_events='block/block_bio_queue block/block_bio_remap block/block_getrq block/block_rq_insert block/block_rq_issue
    block/block_rq_requeue block/block_rq_complete irq/irq_handler_entry irq/irq_handler_exit irq/softirq_raise
    sched/sched_waking io_uring/io_uring_queue_async_work'

# truth_blocks 2 | 1 | 0: whether they are recorded, with 2 beside who holds the CPUs. What the row's occupants need stays on.
truth_blocks() {
    [ "$1" != 2 ] || truth_occupants 1 || return 1
    [ "$1" = 0 ] && truth_wanted=0 || truth_wanted=1
    for event in $truth_block_events; do
        case $1$event in
        0irq/irq_handler_*) continue ;;
        esac
        echo $truth_wanted >$truth/events/$event/enable || return 1
    done
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
