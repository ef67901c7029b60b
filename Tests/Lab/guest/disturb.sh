# What else goes on while a scenario runs: it makes the completions wait for one thing above all. All on CPU 1, where
# the scenario's job, its interrupts and so its kworkers are.

fragments=/mnt/t/fragments

# disturb_prepare KIND: before anything is recorded.
disturb_prepare() {
    case $1 in
    inodegc)
        # A file with a hole after every block: its removal is a work for each CPU that did one, and a long one.
        mkdir $fragments && for number in 1 2 3 4 5 6 7 8; do
            fio --name=fragments --filename=$fragments/$number --rw=write:4k --bs=4k --size=24M --fallocate=none \
                --end_fsync=1 >/dev/null || return 1
        done
        sync
        ;;
    hog | rt-hog) ln -sf fio /bin/hog ;;
    misread) export DIOSCOPE_MISREAD_CONTEXTS=1 ;;
    esac
}

# disturb_begins_with_fio KIND: whether it starts only when fio does, by beside.sh.
disturb_begins_with_fio() {
    [ "$1" = hog ] || [ "$1" = rt-hog ]
}

# disturb_start KIND: goes on in the background until disturb_stop. A hog's clock is the kernel's: on a busy host fio calibrates
# the TSC wrongly, and a hog that never sleeps leaves no CPU to the threads of interrupts.
disturb_start() {
    disturbers=
    case $1 in
    none | futex | misread) return 0 ;;
    hog)
        # Real-time, so that every scheduler lets the kworkers wait: 4 ms in every 5.
        chrt -f 1 taskset 2 hog --name=hog --thread --ioengine=cpuio --cpuload=80 --cpuchunks=4000 --time_based \
            --clocksource=clock_gettime --runtime=200 >/dev/null 2>&1 &
        disturbers=$!
        ;;
    rt-hog)
        # Before the threads of interrupts too, which have priority 50.
        chrt -f 60 taskset 2 hog --name=hog --thread --ioengine=cpuio --cpuload=80 --cpuchunks=4000 --time_based \
            --clocksource=clock_gettime --runtime=200 >/dev/null 2>&1 &
        disturbers=$!
        ;;
    forget)
        # What is known of the file's extents is read from the disk again and again. 4 has the kernel say nothing of it.
        taskset 1 sh -c "echo 4 >/proc/sys/vm/drop_caches; while :; do echo 3 >/proc/sys/vm/drop_caches; usleep 5000; done" &
        disturbers=$!
        ;;
    inodegc)
        taskset 2 sh -c "until pidof fio >/dev/null; do usleep 100000; done
            for file in $fragments/*; do rm \$file; usleep 200000; done; sleep 200" &
        disturbers=$!
        ;;
    *) return 1 ;;
    esac
    sleep 2
    kill -0 $disturbers
}

disturb_stop() {
    [ -z "$disturbers" ] || kill -9 $disturbers 2>/dev/null
    killall -q -9 hog
    unset DIOSCOPE_MISREAD_CONTEXTS
    disturbers=
    return 0
}
