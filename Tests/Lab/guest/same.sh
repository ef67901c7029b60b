# One run of fio, recorded by dioscope and by trace-cmd at the same time; needs the tools of exec.

# same_run NAME FIO-ARGUMENT...
same_run() {
    name=$1
    shift
    # The probes' own symbols come and go while trace-cmd reads the list, which it does not stand.
    if [ ! -f /tmp/symbols ]; then
        grep -v '\[bpf\]' /proc/kallsyms >/tmp/symbols && mount --bind /tmp/symbols /proc/kallsyms || return 1
    fi
    fio="fio --output-format=json --output=/out/$name.fio.json --filename=/mnt/t/file $*"
    dioscope record --how trace-cmd >/tmp/how || return 1
    sed -e "s|COMMAND|dioscope record -q -o /out/$name.dioscope -- $fio|" -e "s|-o trace.dat|-o /out/$name.dat|" \
        -e '/^dioscope report/d' -e 's|-b 16384|-b 8192|' /tmp/how >/tmp/how.sh
    sh /tmp/how.sh >"/out/$name.log" 2>&1
    dioscope report --json "/out/$name.dioscope" >"/out/$name.live.json" &&
        dioscope report --json "/out/$name.dat" >"/out/$name.trace.json"
}
