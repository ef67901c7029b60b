# What `dioscope record --how` prints, run as it is; needs the tools of exec.

# how_run TOOL ENGINE FIO-ARGUMENT...
how_run() {
    name=$1-$2
    tool=$1
    umount /mnt/t 2>/dev/null
    make_filesystem ext4 || return 1
    dd if=/dev/zero of=/mnt/t/file bs=1M count=16 conv=fsync 2>/dev/null
    sync
    echo 3 >/proc/sys/vm/drop_caches
    shift 2
    # The probes' own symbols come and go while trace-cmd reads the list, which it does not stand.
    if [ ! -f /tmp/symbols ]; then
        grep -v '\[bpf\]' /proc/kallsyms >/tmp/symbols && mount --bind /tmp/symbols /proc/kallsyms || return 1
    fi
    mkdir -p /tmp/how && cd /tmp/how || return 1
    dioscope record --how "$tool" >how || return 1
    # Only the workload, and buffers that such a guest has room for.
    sed -e "s|COMMAND|fio --output-format=json --output=/out/$name.fio.json --filename=/mnt/t/file $*|" \
        -e '/^dioscope report/d' -e 's|-b 16384|-b 8192|; s|-m 16M|-m 8M|; s|echo 16384|echo 8192|; s|PAGES=4096|PAGES=1024|' \
        how >how.sh
    sh how.sh >"/out/$name.log" 2>&1
    trace=$(ls trace.dat perf.txt.gz trace.txt.gz 2>/dev/null)
    dioscope report --json "$trace" >"/out/$name.json" 2>>"/out/$name.log"
    cp "$trace" "/out/$name.$trace"
    cd /root && rm -rf /tmp/how
}
