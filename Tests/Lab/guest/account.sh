# fio beside shell loops on all CPUs, recorded by dioscope; needs the tools of exec.

# From here on the kernel refuses probes of functions: only tracepoints are left.
lock_down() {
    mount -t securityfs none /sys/kernel/security
    echo integrity >/sys/kernel/security/lockdown
}

lay_out() {
    dd if=/dev/zero of=/mnt/t/file bs=1M count=64 conv=fsync 2>/dev/null
    echo 3 >/proc/sys/vm/drop_caches
}

# account_run NUMBER [OPTION-OF-RECORD...] -- FIO...
account_run() {
    number=$1
    shift
    hogs=
    for cpu in $(seq "$(nproc)"); do
        sh -c 'while :; do :; done' &
        hogs="$hogs $!"
    done
    dioscope record -q -o "/root/$number.dioscope" "$@" >"/out/$number.fio.json" 2>"/out/$number.log"
    kill -9 $hogs
    dioscope report --json "/root/$number.dioscope" >"/out/$number.report.json" 2>>"/out/$number.log"
    rm -f "/root/$number.dioscope"
}
