# One run of fio, recorded by dioscope and by trace-cmd at the same time; needs the tools of exec.

# same_run FILESYSTEM ENGINE FIO-ARGUMENT...: on a new file system, or on $disk itself when that is none.
same_run() {
    name=$1-$2
    umount /mnt/t 2>/dev/null
    make_filesystem "$1" || return 1
    file=/mnt/t/file
    [ "$1" != none ] || file=$disk
    dd if=/dev/zero of="$file" bs=1M count=16 conv=fsync 2>/dev/null
    sync
    echo 3 >/proc/sys/vm/drop_caches
    shift 2
    # The probes' own symbols come and go while trace-cmd reads the list, which it does not stand.
    if [ ! -f /tmp/symbols ]; then
        grep -v '\[bpf\]' /proc/kallsyms >/tmp/symbols && mount --bind /tmp/symbols /proc/kallsyms || return 1
    fi
    fio="fio --output-format=json --output=/out/$name.fio.json --filename=$file $*"
    dioscope record --how trace-cmd >/tmp/how || return 1
    sed -e "s|COMMAND|dioscope record -q --full -o /out/$name.dioscope -- $fio|" -e "s|-o trace.dat|-o /out/$name.dat|" \
        -e '/^dioscope report/d' -e 's|-b 16384|-b 8192|' /tmp/how >/tmp/how.sh
    sh /tmp/how.sh >"/out/$name.log" 2>&1
    for report in live:dioscope trace:dat; do
        dioscope report --json "/out/$name.${report#*:}" >"/out/$name.${report%:*}.json"
        dioscope list --json "/out/$name.${report#*:}" >"/out/$name.${report%:*}.ios"
    done
}
