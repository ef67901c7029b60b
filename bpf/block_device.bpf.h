/* SPDX-License-Identifier: GPL-2.0-only */
/* The way into direct I/O of a block device without a file system. */
#ifndef BLOCK_DEVICE_BPF_H
#define BLOCK_DEVICE_BPF_H

#include "submit.bpf.h"

static __always_inline int block_device_begin(struct kiocb *iocb, struct iov_iter *iter,
					      enum probe_key_user key_user)
{
	struct file *file = read_kernel(iocb, ki_filp);
	struct inode *inode = read_kernel(file, f_inode);
	struct probe_cpu *cpu = this_cpu_in_pause();
	struct beginning this = {
		.cpu = cpu,
		.iocb = iocb,
		.complete = (const void *)read_kernel(iocb, ki_complete),
		.iter = iter,
		.key = cpu ? block_device_key(cpu, key_user, iocb) : 0,
		.dev = read_kernel(inode, i_rdev),
		.inode = inode_number(inode),
		.facts = PROBE_FACT_BLOCK_DEVICE,
	};

	if (!(read_kernel(iocb, ki_flags) & IOCB_DIRECT))
		return 0;
	if (counted_in_pause(cpu, this.complete, true))
		return 0;
	return io_begin(&this);
}

SEC("?fentry/blkdev_read_iter")
int BPF_PROG(block_device_read_began, struct kiocb *iocb, struct iov_iter *iter)
{
	return block_device_begin(iocb, iter, PROBE_KEY_BLOCK_DEVICE_READ);
}

SEC("?fentry/blkdev_write_iter")
int BPF_PROG(block_device_write_began, struct kiocb *iocb, struct iov_iter *iter)
{
	return block_device_begin(iocb, iter, PROBE_KEY_BLOCK_DEVICE_WRITE);
}

/* Where a task can be preempted in the program of a function's entry, the begins of others would be missed meanwhile. */
SEC("?kprobe/blkdev_read_iter")
int BPF_KPROBE(block_device_read_probed, struct kiocb *iocb, struct iov_iter *iter)
{
	return block_device_begin(cast_kernel(struct kiocb, iocb), cast_kernel(struct iov_iter, iter),
				  PROBE_KEY_BLOCK_DEVICE_READ);
}

SEC("?kprobe/blkdev_write_iter")
int BPF_KPROBE(block_device_write_probed, struct kiocb *iocb, struct iov_iter *iter)
{
	return block_device_begin(cast_kernel(struct kiocb, iocb), cast_kernel(struct iov_iter, iter),
				  PROBE_KEY_BLOCK_DEVICE_WRITE);
}

#endif
