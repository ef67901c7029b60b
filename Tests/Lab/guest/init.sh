#!/bin/busybox sh
# The guest's first process: mounts what the lab needs, runs /lab/main, writes /out to the second disk, powers off.
# The console carries kernel messages and this script's; the command of `exec` talks over the second serial port.
export PATH=/bin LC_ALL=C HOME=/root TERM=linux
busybox mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
mkdir -p /dev/shm /dev/pts
mount -t tmpfs none /dev/shm
mount -t devpts none /dev/pts
mount -t tmpfs -o size=80% none /out
mount -t tracefs none /sys/kernel/tracing
mount -t debugfs none /sys/kernel/debug
mount -t bpf none /sys/fs/bpf
ip link set lo up
echo "lab: init"
ulimit -l unlimited

. /lab/device.sh
# On most kernels both are built in.
[ ! -f /lab/modules/ext4.ko ] || need_modules crc32c_generic crc32c_intel nvme ext4 || echo "lab: no nvme or ext4"
tries=0
until [ -b "$(results_disk)" ] || [ $tries -ge 30 ]; do
    tries=$((tries + 1))
    sleep 1
done
sh /lab/main
echo $? >/out/exit
sync
disk=$(results_disk)
echo "lab: writing results to $disk"
cd /out && tar c . | dd of="$disk" bs=1M conv=fsync 2>/dev/null
echo "lab: done"
poweroff -f
