# Devices and file systems of a scenario.

# The disk that takes /out home; NVMe numbers depend on the order of probing, so its serial number decides.
results_disk() {
    nvme_with_serial results
}

nvme_with_serial() {
    for controller in /sys/class/nvme/nvme*; do
        if [ "$(tr -d ' ' <"$controller/serial")" = "$1" ]; then
            echo "/dev/${controller##*/}n1"
        fi
    done
}

# load_modules NAME...: those that this kernel has as modules and are not loaded yet, in the order given. A name
# may carry a parameter: null_blk:nr_devices=0. What a module needs must come first.
load_modules() {
    for module in "$@"; do
        file=/lab/modules/${module%%:*}.ko
        [ -f "$file" ] || continue
        [ -d "/sys/module/${module%%:*}" ] && continue
        case $module in
        *:*) insmod "$file" "${module#*:}" ;;
        *) insmod "$file" ;;
        esac || return 1
    done
}

# make_device KIND: prepares the device and sets $disk.
make_device() {
    case $1 in
    nvme | nvme-1q) disk=$(nvme_with_serial test) ;;
    null_blk) null_device n0 nullb0 200000 || return 1 ;;
    null_blk-20ms) null_device n0 nullb0 20000000 hw_queue_depth=256 || return 1 ;;
    esac
    [ -b "$disk" ]
}

# null_device NAME OLD-NAME NANOSECONDS [SETTING=VALUE...]: sets $disk, which answers after that time. It lives in memory,
# so its writes are real. 5.10 gives it a name of its own.
null_device() {
    null_name=$1 old_name=$2 nanoseconds=$3
    shift 3
    load_modules configfs null_blk:nr_devices=0 || return 1
    grep -q configfs /proc/mounts || mount -t configfs none /sys/kernel/config || return 1
    device=/sys/kernel/config/nullb/$null_name
    if [ ! -d "$device" ]; then
        mkdir "$device" || return 1
        for setting in size=512 memory_backed=1 irqmode=2 completion_nsec="$nanoseconds" blocksize=4096 \
            submit_queues=${queues:-2} "$@" power=1; do
            echo "${setting#*=}" >"$device/${setting%%=*}" || return 1
        done
    fi
    disk=/dev/$null_name
    [ -b "$disk" ] || disk=/dev/$old_name
}

# make_filesystem KIND [MOUNT-POINT]: makes it on $disk and mounts it, at /mnt/t if nothing else is said.
# pieces is an ext4 that believes every 150th block to be bad: no extent reaches 600 KiB.
make_filesystem() {
    mount_point=${2:-/mnt/t}
    mkdir -p "$mount_point"
    if grep -q " $mount_point " /proc/mounts; then
        umount "$mount_point" || return 1
    fi
    case $1 in
    ext4) mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$disk" ;;
    pieces)
        seq 2304 150 131000 >/tmp/pieces
        mkfs.ext4 -q -F -b 4096 -l /tmp/pieces -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$disk"
        ;;
    xfs) load_modules crc32c_intel crc32c_generic libcrc32c xfs && mkfs.xfs -q -f -K "$disk" ;;
    vfat) load_modules fat vfat nls_cp437 nls_ascii nls_iso8859_1 nls_utf8 && mkfs.vfat "$disk" ;;
    none) return 0 ;;
    esac >/dev/null && mount -t "$(echo "$1" | sed s/pieces/ext4/)" "$disk" "$mount_point"
}
