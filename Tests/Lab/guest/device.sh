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

# need_modules NAME...: each after all that it needs; those that this kernel lacks are built in, or missed later.
need_modules() {
    for wanted in "$@"; do
        [ ! -f "/lab/modules/$wanted.needs" ] || load_modules $(cat "/lab/modules/$wanted.needs") || return 1
    done
}

# make_device KIND: prepares the device, with the layers that follow it after a + each, and sets $disk. null_blk-pair is two,
# of which $second answers a thousand times later. Called again, it takes the next NVMe disk.
disk_number=
make_device() {
    second=
    case ${1%%+*} in
    nvme | nvme-1q)
        disk=$(nvme_with_serial "test$disk_number")
        disk_number=$((disk_number + 1))
        ;;
    virtio-blk) need_modules virtio_pci virtio_blk && disk=/dev/vda ;;
    virtio-scsi) need_modules virtio_pci sd_mod virtio_scsi && sleep 1 && disk=/dev/sda ;;
    null_blk) null_device n0 nullb0 200000 || return 1 ;;
    null_blk-pair)
        (null_device n1 nullb1 20000000) && null_device n0 nullb0 20000 || return 1
        second=/dev/n1
        ;;
    null_blk-limited) null_device n0 nullb0 200000 mbps=8 || return 1 ;;
    null_blk-20ms) null_device n0 nullb0 20000000 hw_queue_depth=256 || return 1 ;;
    esac
    [ -b "$disk" ] || return 1
    bottom=$disk
    for layer in $(echo "$1" | tr + ' ' | cut -s -d ' ' -f 2-); do
        add_layer "$layer" || return 1
    done
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

# nfs_begins: this kernel serves /mnt/lower to itself. What mountd would be asked is told beforehand: who the client is, what
# it may see (insecure, async, no subtree check, fsid=0), and where that is.
nfs_begins() {
    need_modules nfsd nfsv4 && mkdir -p /proc/fs/nfsd || return 1
    grep -q " /proc/fs/nfsd " /proc/mounts || mount -t nfsd none /proc/fs/nfsd || return 1
    echo "-2 -3 +4" >/proc/fs/nfsd/versions
    for known in "auth.unix.ip nfsd 127.0.0.1 2147483647 lab" "nfsd.export lab /mnt/lower 2147483647 9234 65534 65534 0" \
        "nfsd.fh lab 1 \\x00000000 2147483647 /mnt/lower"; do
        echo "${known#* }" >"/proc/net/rpc/${known%% *}/channel" || return 1
    done
    echo "tcp 2049" >/proc/fs/nfsd/portlist
    echo 2 >/proc/fs/nfsd/threads || return 1
    # Newer kernels refuse to end what is over.
    echo Y >/proc/fs/nfsd/v4_end_grace 2>/dev/null || true
}

# Whatever the server waits for, the other rows of the guest do not.
nfs_mount() {
    timeout -s KILL 30 mount -i -t nfs4 -o vers=4.2,proto=tcp,sec=sys,addr=127.0.0.1,clientaddr=127.0.0.1 127.0.0.1:/ "$1"
}

# Whoever has files of /mnt/lower open lets go of them.
servers_end() {
    while pidof passthrough >/dev/null; do sleep 1; done
    [ -f /proc/fs/nfsd/threads ] || return 0
    echo 0 >/proc/fs/nfsd/threads
    for cache in auth.unix.ip nfsd.export nfsd.fh; do
        date +%s >"/proc/net/rpc/$cache/flush"
    done
    sleep 1
}

# make_filesystem KIND [MOUNT-POINT]: makes it on $disk and mounts it, at /mnt/t if nothing else is said.
# pieces is an ext4 that believes every 150th block to be bad: no extent reaches 600 KiB.
make_filesystem() {
    mount_point=${2:-/mnt/t}
    mkdir -p "$mount_point"
    # An overlay lies over the file system below it.
    for mounted in "$mount_point" /mnt/lower; do
        if grep -q " $mounted " /proc/mounts; then
            [ "$mounted" != /mnt/lower ] || servers_end
            umount "$mounted" || return 1
        fi
    done
    # A server in user space lets go of the disk after that.
    while pidof fuse2fs >/dev/null; do sleep 1; done
    case $1 in
    ext4) mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$disk" ;;
    pieces)
        seq 2304 150 131000 >/tmp/pieces
        mkfs.ext4 -q -F -b 4096 -l /tmp/pieces -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$disk"
        ;;
    xfs) load_modules crc32c_intel crc32c_generic libcrc32c xfs && mkfs.xfs -q -f -K "$disk" ;;
    vfat) load_modules fat vfat nls_cp437 nls_ascii nls_iso8859_1 nls_utf8 && mkfs.vfat "$disk" ;;
    # Without checksums and in place: what has them is written through the page cache.
    btrfs) need_modules btrfs && mkfs.btrfs -q -f -K -m single "$disk" &&
        mount -t btrfs -o nodatasum,nodatacow "$disk" "$mount_point" ;;
    # All data twice: on a disk more, which is made when it is first asked for.
    btrfs-raid1) need_modules btrfs && top=$disk && another_disk 9 && disk=$top && mkfs.btrfs -q -f -K -d raid1 -m raid1 "$disk" "$member" &&
        mount -t btrfs -o nodatasum,nodatacow "$disk" "$mount_point" ;;
    btrfs-cow) need_modules btrfs && mkfs.btrfs -q -f -K -m single "$disk" && mount -t btrfs "$disk" "$mount_point" ;;
    ext4-journal) mkfs.ext4 -q -F -b 4096 -E lazy_itable_init=0,lazy_journal_init=0,nodiscard "$disk" &&
        mount -t ext4 -o data=journal "$disk" "$mount_point" ;;
    fuse) need_modules fuse && mkfs.ext4 -q -F -b 4096 "$disk" && fuse2fs -o rw,allow_other "$disk" "$mount_point" ;;
    fuse-pass)
        need_modules fuse && make_filesystem ext4 /mnt/lower && passthrough /mnt/lower/file "${2:-/mnt/t}"
        return
        ;;
    nfs)
        make_filesystem ext4 /mnt/lower && nfs_begins && nfs_mount "${2:-/mnt/t}"
        return
        ;;
    tmpfs) mount -t tmpfs none "$mount_point" ;;
    f2fs) need_modules crc32_generic crc32_cryptoapi f2fs && mkfs.f2fs -q -f -t 0 "$disk" ;;
    overlay-*)
        # Inside, mount_point is another one.
        need_modules overlay && make_filesystem "${1#overlay-}" /mnt/lower &&
            mkdir -p /mnt/lower/upper /mnt/lower/work /tmp/ro &&
            mount -t overlay -o lowerdir=/tmp/ro,upperdir=/mnt/lower/upper,workdir=/mnt/lower/work none "${2:-/mnt/t}"
        return
        ;;
    none) return 0 ;;
    esac >/dev/null || return 1
    grep -q " $mount_point " /proc/mounts && return 0
    case $1 in
    # What the journal writes every five seconds is none of fio's I/Os, and goes through the layers' works as these do.
    ext4 | pieces) mount -t ext4 -o commit=600 "$disk" "$mount_point" ;;
    *) mount -t "$1" "$disk" "$mount_point" ;;
    esac
}

# allow_many_in_flight: more I/Os at once, and more open files, than the kernel lets by default.
allow_many_in_flight() {
    echo 1048576 >/proc/sys/fs/aio-max-nr
    ulimit -n 65536
}
