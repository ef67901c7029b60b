# Layers between the disk and the file system. A device is written bottom first, null_blk+dm-linear+dm-crypt, and each
# word after the first is a function here that puts a layer on $disk and sets $disk to it. They may be combined freely.

# add_layer KIND: puts it on $disk. The name of each layer's device is its own.
layers=0
add_layer() {
    layers=$((layers + 1))
    case $1 in
    dm-*) need_modules dm_mod ;;
    esac
    "layer_$(echo "$1" | tr - _)"
}

sectors() {
    blockdev --getsz "$1"
}

# dm NAME TABLE [MAKER]: a device-mapper device, as /dev/mapper/NAME too. MAKER says what it is, as cryptsetup and LVM do.
dm() {
    dmsetup create "$1" --noudevsync ${3:+--uuid "$3-$1"} --table "$2" || return 1
    disk=/dev/mapper/$1
    [ -b "$disk" ] || mknod -m 600 "$disk" b $(dmsetup info -c --noheadings -o major,minor "$1" | tr : ' ')
}

# Behind the first MiB, so that no offset is the same above and below.
layer_dm_linear() {
    dm "linear$layers" "0 $(($(sectors "$disk") - 2048)) linear $disk 2048" LVM
}

layer_dm_crypt() {
    need_modules aes_generic aes_ti aesni_intel xts ecb cbc essiv dm_crypt
    dm "crypt$layers" "0 $(sectors "$disk") crypt aes-xts-plain64 $(printf '%064d' 1) 0 $disk 0" CRYPT
}

# Reads are decrypted where the disk's interrupt left them: since 6.9 in a BH work.
layer_dm_crypt_inline() {
    need_modules aes_generic aes_ti aesni_intel xts ecb cbc essiv dm_crypt
    dm "crypt$layers" "0 $(sectors "$disk") crypt aes-xts-plain64 $(printf '%064d' 1) 0 $disk 0 1 no_read_workqueue" CRYPT
}

layer_dm_delay() {
    need_modules dm_delay
    dm "delay$layers" "0 $(sectors "$disk") delay $disk 0 2"
}

# All I/O by one path, as requests or as bios.
layer_dm_multipath() { multipath 0; }
layer_dm_multipath_bio() { multipath "2 queue_mode bio"; }

multipath() {
    need_modules dm_multipath dm_round_robin
    dm "mpath$layers" "0 $(sectors "$disk") multipath $1 0 1 1 round-robin 0 1 1 $disk 1" mpath
}

# Metadata on the first 16 MiB, data on the rest; one volume, thick with what is written first.
layer_dm_thin() {
    need_modules dm_thin_pool
    size=$(sectors "$disk") below=$disk
    dd if=/dev/zero of="$disk" bs=4k count=1 conv=fsync 2>/dev/null
    dm "meta$layers" "0 32768 linear $below 0" && meta=$disk &&
        dm "data$layers" "0 $((size - 32768)) linear $below 32768" &&
        dm "pool$layers" "0 $((size - 32768)) thin-pool $meta $disk 128 0 1 skip_block_zeroing" &&
        dmsetup message "pool$layers" 0 'create_thin 0' &&
        dm "thin$layers" "0 $((size - 32768)) thin $disk 0"
}

# another_disk NUMBER: sets $member, one beside $disk.
another_disk() {
    member=/dev/m$1$layers
    (null_device "m$1$layers" "nullb$1$layers" 200000) || return 1
    [ -b "$member" ] || member=/dev/nullb$1$layers
}

# The next ones have a second disk each. A chunk of 4 KiB: both are used by small I/Os, too.
layer_dm_stripe() {
    another_disk 5 && dm "stripe$layers" "0 $(($(sectors "$member") / 8 * 8)) striped 2 8 $disk 0 $member 0" LVM
}

# As LVM makes a mirror: dm's own table line over md's raid1.
layer_dm_raid1() {
    need_modules raid1 dm_raid
    another_disk 5 && dm "raid$layers" "0 $(sectors "$member") raid raid1 4 0 nosync region_size 1024 2 - $disk - $member" LVM
}

# LVM's mirror of old. Its writes are copies that it makes by itself, without a bio of the I/O's.
layer_dm_mirror() {
    need_modules dm_mirror
    another_disk 5 && dm mirror "0 $(sectors "$member") mirror core 2 1024 nosync 2 $disk 0 $member 0 1 handle_errors"
}

# What is written goes to the second disk, after what was there was copied to it.
layer_dm_snapshot() {
    need_modules dm_snapshot
    another_disk 5 && dd if=/dev/zero of="$member" bs=4k count=1 conv=fsync 2>/dev/null &&
        dm "snap$layers" "0 $(sectors "$disk") snapshot $disk $member P 8"
}

layer_dm_cache() {
    need_modules dm_cache dm_cache_smq
    another_disk 5 && below=$disk && fast=$member && disk=$member &&
        dm "cmeta$layers" "0 16384 linear $fast 0" && dd if=/dev/zero of="$disk" bs=4k count=1 conv=fsync 2>/dev/null &&
        meta=$disk && disk=$fast && dm "cdata$layers" "0 $(($(sectors "$fast") - 16384)) linear $fast 16384" &&
        dm "cache$layers" "0 $(sectors "$below") cache $meta $disk $below 128 1 writethrough smq 0"
}

layer_dm_writecache() {
    need_modules dm_writecache
    another_disk 5 && dd if=/dev/zero of="$member" bs=4k count=1 conv=fsync 2>/dev/null &&
        dm "wcache$layers" "0 $(sectors "$disk") writecache s $disk $member 4096 0"
}

# A tag for each sector, and a journal. The size is known when the first sector was written, and what was never written has no
# tag that fits: no read of it succeeds, so that all of it is written once. For that it is small.
layer_dm_integrity() {
    need_modules crc32c_generic crc32c_intel crc32c_cryptoapi dm_integrity
    dm "part$layers" "0 327680 linear $disk 0" && below=$disk
    dd if=/dev/zero of="$below" bs=4k count=4 conv=fsync 2>/dev/null
    dm "format$layers" "0 8 integrity $below 0 - J 2 internal_hash:crc32c block_size:4096" && dmsetup remove "format$layers" &&
        size=$(od -A n -t u8 -j 16 -N 8 "$below" | tr -d ' ') &&
        dm integrity "0 $size integrity $below 0 - J 2 internal_hash:crc32c block_size:4096" || return 1
    # It ends where there is no more room.
    dd if=/dev/zero of="$disk" bs=1M oflag=direct 2>/dev/null
    sync
}

# md LEVEL DEVICES: over $disk and as many disks more as it takes.
md() {
    level=$1 members=$disk
    need_modules "$2"
    for number in $3; do
        another_disk "$number" || return 1
        members="$members $member"
    done
    disk=/dev/md$layers
    MDADM_NO_UDEV=1 mdadm --create "$disk" --run --assume-clean --metadata=1.2 --level="$level" \
        --raid-devices=$(echo $members | wc -w) $members >/dev/null
    [ -b "$disk" ]
}

layer_raid0() { md 0 raid0 5; }
layer_raid1() { md 1 raid1 5; }
layer_raid10() { md 10 raid10 "5 6 7"; }
layer_raid5() { md 5 raid456 "5 6"; }

# The backing file is in an ext4 on $disk, is written, and is read and written past the page cache.
layer_loop() {
    mkdir -p "/mnt/below$layers" && make_filesystem ext4 "/mnt/below$layers" && loop_in "/mnt/below$layers"
}

# The file is in an overlay on that ext4.
layer_loop_overlay() {
    under=/mnt/under$layers
    need_modules overlay && mkdir -p "$under" "/mnt/below$layers" /tmp/ro && make_filesystem ext4 "$under" &&
        mkdir -p "$under/upper" "$under/work" &&
        mount -t overlay -o "lowerdir=/tmp/ro,upperdir=$under/upper,workdir=$under/work" none "/mnt/below$layers" &&
        loop_in "/mnt/below$layers"
}

# loop_in DIRECTORY
loop_in() {
    need_modules loop
    dd if=/dev/zero of="$1/image" bs=1M count=256 2>/dev/null && sync || return 1
    # busybox has one of its own, which its shell prefers.
    disk=$(/bin/losetup --direct-io=on --find --show "$1/image")
    [ -b "$disk" ]
}

# The server says which disk it is when it has one.
layer_ublk() {
    need_modules ublk_drv && disk=$(ublkserver "$disk") && [ -b "$disk" ]
}

caches=0
# The cache is a second disk, filled from the backing one as it is read; writes go through to it.
layer_bcache() {
    need_modules bcache
    (null_device "m5$layers" "nullb5$layers" 200000) && cached=/dev/m5$layers || return 1
    make-bcache -B "$disk" -C "$cached" >/dev/null || return 1
    for member in "$disk" "$cached"; do
        echo "$member" >/sys/fs/bcache/register || return 1
    done
    disk=/dev/bcache$caches caches=$((caches + 1))
    for attempt in 1 2 3 4 5; do
        [ ! -b "$disk" ] || return 0
        sleep 1
    done
    return 1
}

# NVMe to this very kernel, each stack with a subsystem and a port of its own. Over nothing: the host's driver calls the target.
layer_nvme_loop() {
    need_modules nvmet nvme_loop
    fabrics loop
}

layer_nvme_tcp() {
    need_modules nvmet nvmet_tcp nvme_tcp
    fabrics tcp "traddr=127.0.0.1,trsvcid=$((4420 + layers))"
}

# fabrics TRANSPORT [ADDRESS]: a subsystem whose namespace is $disk, and what the host makes of it.
fabrics() {
    grep -q configfs /proc/mounts || mount -t configfs none /sys/kernel/config
    subsystem=/sys/kernel/config/nvmet/subsystems/lab$layers port=/sys/kernel/config/nvmet/ports/$layers
    mkdir -p $subsystem/namespaces/1 $port &&
        echo 1 >$subsystem/attr_allow_any_host && echo "$disk" >$subsystem/namespaces/1/device_path &&
        echo 1 >$subsystem/namespaces/1/enable && echo "$1" >$port/addr_trtype || return 1
    if [ "$1" = tcp ]; then
        echo ipv4 >$port/addr_adrfam && echo 127.0.0.1 >$port/addr_traddr &&
            echo $((4420 + layers)) >$port/addr_trsvcid || return 1
    fi
    ln -s $subsystem $port/subsystems/lab$layers &&
        echo "transport=$1,${2:+$2,}nqn=lab$layers,nr_io_queues=2,hostnqn=lab-host,hostid=0f0e0d0c-0b0a-0908-0706-050403020100" >/dev/nvme-fabrics || return 1
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        for controller in /sys/class/nvme/nvme*; do
            disk=/dev/${controller##*/}n1
            grep -qx "lab$layers" "$controller/subsysnqn" && [ -b "$disk" ] && return 0
        done
        sleep 1
    done
    return 1
}
