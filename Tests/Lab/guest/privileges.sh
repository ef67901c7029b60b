# Verbs that record, run by an ordinary user with the capabilities that it is given.

FIO="fio --name=a --filename=/mnt/t/data --size=8M --rw=randwrite --bs=4k --direct=1 --ioengine=libaio --iodepth=4
    --number_ios=500 --thread --output-format=json"

prepare() {
    chmod 755 / && chmod 1777 /mnt/t /tmp || return 1
    dd if=/dev/zero of=/mnt/t/data bs=1M count=8 conv=fsync 2>/dev/null
    chmod 666 /mnt/t/data
    mkdir /mnt/t/out && chmod 777 /mnt/t/out
    for name in perf_event_paranoid kptr_restrict unprivileged_bpf_disabled; do
        echo "kernel.$name = $(cat /proc/sys/kernel/$name 2>/dev/null || echo none)" >>/out/sysctls
    done
}

# as CAPABILITIES COMMAND...: capabilities are a list with commas, or none.
as() {
    words=-all
    [ "$1" = none ] || words="-all,+$(echo "$1" | sed 's/,/,+/g')"
    shift
    /lab/setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps "$words" --ambient-caps "$words" --bounding-set "$words" "$@"
}

# recorded NAME CAPABILITIES [OPTION...]: one recording of fio.
recorded() {
    name=$1
    caps=$2
    shift 2
    rm -f /mnt/t/out/run.dioscope
    (cd /mnt/t/out && as "$caps" dioscope record -q -o run.dioscope "$@" -- $FIO >"/tmp/$name.fio" 2>"/out/$name.log")
    echo $? >"/out/$name.status"
    cp "/tmp/$name.fio" "/out/$name.fio.json"
    [ -f /mnt/t/out/run.dioscope ] && dioscope report --json /mnt/t/out/run.dioscope >"/out/$name.json" 2>>"/out/$name.log"
    stat -c '%a' /mnt/t/out/run.dioscope >"/out/$name.mode" 2>/dev/null
}

# checked NAME CAPABILITIES
checked() {
    as "$2" dioscope check >"/out/$1.check" 2>&1
    echo $? >"/out/$1.check-status"
}

# live_and_serve CAPABILITIES: both beside fio; what they counted.
live_and_serve() {
    cd /mnt/t/out || return
    as "$1" dioscope live --json --count 12 >/out/live.json 2>/out/live.log &
    live=$!
    # As in the unit: other processes are hidden.
    unshare -m sh -c '. /lab/privileges.sh
        mount --make-rprivate / && mount -t proc -o hidepid=2 proc /proc
        as "$1" dioscope serve --textfile /mnt/t/out/serve.prom --interval 500ms' sh "$1" 2>/out/serve.log &
    turns=0
    until grep -q serving /out/serve.log && [ -s /out/live.json ] || [ $turns -ge 60 ]; do
        turns=$((turns + 1))
        sleep 1
    done
    as none $FIO >/out/beside.fio.json
    wait $live
    echo $? >/out/live.status
    cp serve.prom /out/serve.prom
    kill -TERM "$(pidof dioscope)"
    wait
    cd /root
}

# little_memory NAME CAPABILITIES: with a limit of locked memory as Debian has it for users.
little_memory() {
    (ulimit -l 8192; cd /mnt/t/out && rm -f run.dioscope
     as "$2" dioscope record -q -o run.dioscope -- $FIO >/dev/null 2>"/out/$1.log"
     echo $? >"/out/$1.status")
}
