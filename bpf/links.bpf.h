/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a bio, a kiocb or a work to what it was made for, and so on up to the
 * I/O of the user. Layers leave the way back in structures of their own: user
 * space says where, by the function that each is called back with (struct
 * probe_link), from the BTF of the kernel and its modules.
 */
#ifndef LINKS_BPF_H
#define LINKS_BPF_H

#include "issuers.bpf.h"
#include "slots.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MAX_LINKS);
	__type(key, __u64);		/* address of the function */
	__type(value, struct probe_link);
} probe_links SEC(".maps");

/* A word of the kernel's memory; 0 where there is none. */
static __always_inline __u64 read_word(__u64 address)
{
#ifdef PROBE_MODERN
	return cast_kernel(struct timespec64, address)->tv_sec;
#else
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (const void *)address);
	return word;
#endif
}

static __always_inline __u64 follow_link(const struct probe_link *link, __u64 at)
{
	for (__u32 i = 0; i < PROBE_LINK_STEPS; i++) {
		if (i < link->steps)
			at = read_word(at + link->step[i]);
	}
	return at ? at + link->last : 0;
}

/* What a bio or a kiocb is called back with. */
static __always_inline __u64 callback_of(__u64 at, __u32 is_bio)
{
	if (is_bio)
		return read_word(at + bpf_core_field_offset(struct bio, bi_end_io));
	return read_word(at + bpf_core_field_offset(struct kiocb, ki_complete));
}

/* Four levels, with two links each for those that wrap a bio twice. */
#define LONGEST_WAY	9

/*
 * The kiocb whose I/O this is: the last on the way up that is followed, or if
 * none is 0. Through a loop device there are two.
 */
verified_once __u64 io_above(__u64 at, __u32 is_bio)
{
	__u64 found = 0;

	for (__u32 i = 0; i < LONGEST_WAY; i++) {
		__u64 function = callback_of(at, is_bio);
		struct probe_link *link;

		if (!is_bio && slot_find(at))
			found = at;
		else if (!function && slot_find(stack_of(at)))
			found = stack_of(at);
		if (is_bio && is_awaited(function)) {
			at = stack_of(read_word(at + bpf_core_field_offset(struct bio, bi_private)));
			return slot_find(at) ? at : found;
		}
		link = bpf_map_lookup_elem(&probe_links, &function);
		if (!link)
			break;
		at = follow_link(link, at);
		is_bio = link->to == PROBE_LINK_BIO;
		if (!at)
			break;
	}
	return found;
}

/* The user's kiocb of one that a file system made for a file of its own: overlayfs, FUSE. */
verified_once __u64 user_iocb(__u64 iocb)
{
	for (__u32 i = 0; i < PROBE_LINK_STEPS; i++) {
		__u64 function = callback_of(iocb, 0);
		struct probe_link *link = bpf_map_lookup_elem(&probe_links, &function);
		__u64 above;

		if (!link || link->to != PROBE_LINK_KIOCB)
			break;
		above = follow_link(link, iocb);
		if (!above)
			break;
		iocb = above;
	}
	return iocb;
}

/* The I/O that a work item belongs to, or NULL. */
static __always_inline struct probe_link *link_of_work(__u64 function)
{
	struct probe_link *link = bpf_map_lookup_elem(&probe_links, &function);

	return link && link->from == PROBE_LINK_WORK ? link : 0;
}

/* - key: of a kiocb; becomes that of the one which a file system made it for. */
static __noinline struct probe_io *io_of_user(__u64 *key)
{
	*key = user_iocb(*key);
	return slot_find(*key);
}

/*
 * The I/O that this kiocb is part of, or NULL: nearly always that of a user. Only what is not found is
 * asked whether a file system made it for another; begin lets no slot stay that had its address before.
 * - key: the kiocb as a number; becomes that of the slot.
 */
static __always_inline struct probe_io *io_at(struct kiocb *iocb, __u64 *key)
{
	struct probe_io *io = slot_find(*key);

	if (io || !probe_settings.files_stack || is_users((const void *)read_kernel(iocb, ki_complete)))
		return io;
	return io_of_user(key);
}

static __always_inline struct probe_io *io_of_iocb(struct probe_cpu *cpu, enum probe_key_user user, struct kiocb *iocb)
{
	__u64 key = iocb_key(cpu, user, iocb);

	return io_at(iocb, &key);
}

#endif
