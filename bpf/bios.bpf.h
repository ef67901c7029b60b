/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose I/O a bio is. */
#ifndef BIOS_BPF_H
#define BIOS_BPF_H

#include "links.bpf.h"

static __always_inline struct kiocb *iocb_of_iomap_bio(struct bio *bio)
{
	void *dio = read_kernel(bio, bi_private);

	return read_kernel(cast_kernel(struct iomap_dio, dio), iocb);
}

static __always_inline struct kiocb *iocb_of_simple_bio(struct bio *bio)
{
	if (!bpf_core_type_exists(struct iomap_dio_simple))
		return 0;
	return read_kernel(container_of_kernel(struct iomap_dio_simple, bio, bio), iocb);
}

static __always_inline struct kiocb *iocb_of_legacy_bio(struct bio *bio)
{
	void *dio = read_kernel(bio, bi_private);

	return read_kernel(cast_kernel(struct dio, dio), iocb);
}

static __always_inline struct kiocb *iocb_of_block_device_bio(struct bio *bio)
{
	void *dio = read_kernel(bio, bi_private);

	return read_kernel(cast_kernel(struct blkdev_dio, dio), iocb);
}

/* A single asynchronous bio is a member of its blkdev_dio. */
static __always_inline struct kiocb *iocb_of_block_device_async_bio(struct bio *bio)
{
	return read_kernel(container_of_kernel(struct blkdev_dio, bio, bio), iocb);
}

/* The I/O that a bio belongs to, or NULL: it is no direct I/O's. */
static __always_inline struct kiocb *iocb_of_bio(struct bio *bio)
{
	const void *end_io = (const void *)read_kernel(bio, bi_end_io);

	if (is_function(end_io, iomap_dio_bio_end_io))
		return iocb_of_iomap_bio(bio);
	if (is_function(end_io, iomap_dio_simple_end_io))
		return iocb_of_simple_bio(bio);
	if (is_function(end_io, dio_bio_end_aio) || is_function(end_io, dio_bio_end_io))
		return iocb_of_legacy_bio(bio);
	if (is_function(end_io, blkdev_bio_end_io_async))
		return iocb_of_block_device_async_bio(bio);
	return 0;
}

/*
 * A bio whose end tells of no kiocb, or of one that its task has on its stack:
 * of a block device, or of a small read of 7.3. 0 = no direct I/O's.
 */
verified_once_with_memory __u64 key_of_waiting(struct probe_cpu *cpu, __u32 user, __u64 number)
{
	struct bio *bio = cast_kernel(struct bio, number);
	const void *end_io = (const void *)read_kernel(bio, bi_end_io);
	struct kiocb *iocb;
	__u64 key;

	if (!cpu)
		return 0;
	if (is_function(end_io, blkdev_bio_end_io))
		return block_device_key(cpu, user % PROBE_KEY_USERS, iocb_of_block_device_bio(bio));
	if (is_function(end_io, blkdev_bio_end_io_simple)) {
		void *task = read_kernel(bio, bi_private);

		return (__u64)read_kernel(cast_kernel(struct task_struct, task), stack);
	}
	if (!is_awaited(end_io))
		return 0;
	key = stack_of(iocb_key(cpu, user % PROBE_KEY_USERS, read_kernel(bio, bi_private)));
	if (slot_find(key))
		return key;
	iocb = iocb_of_simple_bio(bio);
	return iocb ? iocb_key(cpu, user % PROBE_KEY_USERS, iocb) : 0;
}

/* The I/O that a bio is part of, or NULL. Its own, or the one that layers made it for. */
static __always_inline struct probe_io *io_of_bio(struct probe_cpu *cpu, enum probe_key_user user, struct bio *bio)
{
	struct kiocb *iocb = iocb_of_bio(bio);
	__u64 key = iocb ? iocb_key(cpu, user, iocb) : key_of_waiting(cpu, user, iocb_key(cpu, user, bio));
	struct probe_io *io = key ? slot_find(key) : 0;

	if (io || !probe_settings.layers)
		return io;
	key = io_above(iocb_key(cpu, user, bio), true);
	return key ? slot_find(key) : 0;
}

#endif
