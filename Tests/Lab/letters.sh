# The presets of `dioscope sweep` in a guest, for Documentation/Letters.md:
#
#   Scripts/lab exec 6.12 --icount --out OUT --seconds 3600 -- "$(cat Tests/Lab/letters.sh); letters low-depth"
#
# Short runs, for an emulator; guest time counts instructions, so they are as good as long ones.

# A fast disk with ext4 at /mnt/f: null_blk in memory, which answers after 20 us.
fast_disk() {
    device=/sys/kernel/config/nullb/n1
    mkdir $device || return 1
    for setting in size=256 memory_backed=1 irqmode=2 completion_nsec=20000 blocksize=4096 submit_queues=1 \
        power=1; do
        echo "${setting#*=}" >"$device/${setting%%=*}" || return 1
    done
    mkdir -p /mnt/f
    mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard /dev/n1 && mount /dev/n1 /mnt/f
}

# letters PRESET...: each into /out/PRESET.sweep; the options are what an emulator has time for. read-depth-polled is the
# polled part of read-depth, on the guest's NVMe: --device nvme --kernel-argument nvme.poll_queues=1
letters() {
    case $1 in
    one-cpu) directory=/mnt/t time="--runtime 2s --ramp 500ms" ;;
    read-depth-polled) directory=/mnt/t time="--runtime 100ms --ramp 10ms" ;;
    *) fast_disk && directory=/mnt/f time="--runtime 100ms --ramp 10ms" || return 1 ;;
    esac
    for preset in "$@"; do
        case $preset in
        low-depth) some="--depth 1,2,4,8,16" ;;
        # Requests that null_blk is to be polled for time out in these guests.
        read-depth) some="--engine libaio,io_uring" ;;
        read-depth-polled) some="--engine io_uring_poll" ;;
        *) some= ;;
        esac
        dioscope sweep --preset ${preset%-polled} $some --directory $directory --size 16M $time --repeat 3 \
            -o /out/$preset.sweep $OPTIONS
    done
}
