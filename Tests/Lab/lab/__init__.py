"""The VM lab: real Debian kernels in QEMU, fio in the guest, and checks against a recording by ftrace."""
