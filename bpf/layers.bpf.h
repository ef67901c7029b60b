/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices that an I/O comes through: each sees a bio or a request of its
 * own, which links lead back from. What is seen is when it came in, what works
 * of the layer it waited for, and when it was done.
 */
#ifndef LAYERS_BPF_H
#define LAYERS_BPF_H

#include "bios.bpf.h"
#include "occupants.bpf.h"
#include "stacked.bpf.h"
#include "witnesses.bpf.h"

/* Since the I/O was submitted: never 0. */
static __always_inline __u32 since_submit(const struct probe_io *io, __u64 now)
{
	__u64 ns = now - io->submitted_ns;

	if (!ns)
		return 1;
	return ns > 0xffffffffULL ? 0xffffffffU : ns;
}

/* What the compiler knows of an index the verifier may not: it is masked where both see it. The size is a power of two. */
#define masked(index, size)				\
({							\
	__u32 index_ = (index);				\
							\
	asm volatile("" : "+r"(index_));		\
	index_ & ((size) - 1);				\
})
_Static_assert(PROBE_LAYERS == PROBE_DEEPER_LAYERS && PROBE_LAYERS == 4, "both are masked in the same way");

static __always_inline struct probe_layer *layer_at(struct probe_io *io, __u32 place)
{
	__u32 at = masked(place, PROBE_LAYERS);

	if (place < PROBE_LAYERS)
		return &((struct probe_layered *)io)->layers[at];
	return &((struct probe_deep *)io)->deeper[at];
}

/* So many places have been cleared. */
static __always_inline __u32 layer_places(const struct probe_io *io)
{
	return io->kind < PROBE_RECORD_DEEP ? PROBE_LAYERS : PROBE_ALL_LAYERS;
}

/*
 * Its place among the layers, or where it would have one. Past them if there is no room. Through
 * memory, or the verifier would walk through all that follows once a place.
 */
static __always_inline __u32 place_of_layer(struct probe_cpu *cpu, enum probe_key_user user, struct probe_io *io, __u32 dev)
{
	__u32 places = layer_places(io);
	volatile __u64 *found = &cpu->key[user];
	__u32 place = places;

	for (__u32 i = 0; i < PROBE_ALL_LAYERS && i < places; i++) {
		__u32 there = layer_at(io, i)->dev;

		if (!there || there == dev) {
			place = i;
			break;
		}
	}
	*found = place;
	return *found;
}

/* Where the only device that it comes to is its disk, no more than that is told of it. */
static __always_inline struct probe_layer_times *layer_times(struct probe_io *io, __u32 place)
{
	return io->kind < PROBE_RECORD_LAYERED ? 0 : &deep(io)->times[masked(place, PROBE_ALL_LAYERS)];
}

static __noinline int layer_does_not_fit(struct probe_io *io)
{
	struct probe_layered *all = layered(io);

	if (all->layers_missed < 255)
		all->layers_missed++;
	return 0;
}

/* The user says what is noted: that is the one thing that its programs see. */
verified_once_with_memory int note_layer(struct probe_cpu *cpu, struct probe_deep *slot, __u32 user, __u32 dev, __u64 now)
{
	bool is_entry = user == PROBE_KEY_LAYER_ENTRY || user == PROBE_KEY_LAYER_ENTRY_WITNESS;
	bool is_disks_end = user == PROBE_KEY_DISK_DONE || user == PROBE_KEY_DISK_DONE_WITNESS;
	bool is_done = is_disks_end || user == PROBE_KEY_LAYER_DONE;
	struct probe_io *io = io_in(slot);
	struct probe_layer_times *times;
	struct probe_layer *layer;
	__u32 place;
	__u32 since;

	if (!cpu || !slot)
		return 0;
	place = place_of_layer(cpu, user % PROBE_KEY_USERS, io, dev);
	since = since_submit(io, now);
	if (place == PROBE_LAYERS && !is_done)
		deep(io);
	if (place >= layer_places(io) || place >= PROBE_ALL_LAYERS)
		return is_entry ? layer_does_not_fit(io) : 0;
	layer = layer_at(io, place);
	if (!layer->dev) {
		if (is_done)
			return 0;
		layer->dev = dev;
		if (place || is_stacked(dev))
			layered(io);
	}
	switch (user) {
	case PROBE_KEY_THROTTLE:
		times = layer->entered_ns ? 0 : layer_times(io, place);
		if (times && !times->throttled_ns)
			times->throttled_ns = since;
		break;
	case PROBE_KEY_LAYER_ENTRY:
	case PROBE_KEY_LAYER_ENTRY_WITNESS:
		if (!layer->entered_ns)
			layer->entered_ns = since;
		break;
	case PROBE_KEY_ISSUE:
	case PROBE_KEY_ISSUE_WITNESS:
		times = layer->issued_ns ? layer_times(io, place) : 0;
		if (times && !times->first_issued_ns)
			times->first_issued_ns = layer->issued_ns;
		layer->issued_ns = since;
		break;
	default:
		/* block_bio_complete is a moment after block_rq_complete. */
		if (is_disks_end || !layer->issued_ns || layer->done_ns <= layer->issued_ns)
			layer->done_ns = since;
	}
	return 0;
}

/* - now: before the search for the I/O, which is no time of the layer's. */
static __always_inline int note_bio(struct probe_cpu *cpu, enum probe_key_user user, struct bio *bio, __u64 now)
{
	struct probe_io *io = cpu ? io_of_bio(cpu, user, bio) : 0;

	if (io)
		note_layer(cpu, slot_of(io), user, disk_of_bio(bio), now);
	return 0;
}

/* The disk of the bio, or request, that a layer made this bio of another disk for; 0 where there is none. */
verified_once __u32 disk_above(__u64 at, __u32 dev)
{
	__u32 is_bio = true;

	for (__u32 i = 0; i < LONGEST_WAY; i++) {
		__u64 function = callback_of(at, is_bio);
		struct probe_link *link = bpf_map_lookup_elem(&probe_links, &function);
		__u32 above;

		if (!link)
			break;
		at = follow_link(link, at);
		if (!at)
			break;
		is_bio = link->to == PROBE_LINK_BIO;
		if (!is_bio)
			continue;
		above = disk_of_bio(cast_kernel(struct bio, at));
		if (above != dev)
			return above;
	}
	return 0;
}

/* The first one: of two volumes on a disk that share an I/O, the other one came later. */
verified_once_with_memory int note_giver(struct probe_deep *slot, __u32 dev, __u32 above)
{
	struct probe_io *io = io_in(slot);
	__u32 giver = 0;
	__u32 places;

	if (!slot)
		return 0;
	places = layer_places(io);
	for (__u32 i = 0; above && i < PROBE_ALL_LAYERS && i < places; i++) {
		struct probe_layer *layer = layer_at(io, i);

		if (layer->dev == above)
			giver = i + 1;
		else if (layer->dev == dev && !layer->giver)
			layer->giver = giver;
	}
	return 0;
}

/* The one that has the I/O now: none is done, and this was entered last. */
static __always_inline struct probe_layer *layer_now(struct probe_io *io)
{
	__u32 places = layer_places(io);
	struct probe_layer *last = 0;

	for (__u32 i = 0; i < PROBE_ALL_LAYERS && i < places; i++) {
		struct probe_layer *layer = layer_at(io, i);

		if (layer->dev)
			last = layer;
	}
	return last;
}

static __always_inline int bio_enters(struct probe_cpu *cpu, enum probe_key_user user, struct bio *bio)
{
	__u64 now = bpf_ktime_get_ns();
	struct probe_io *io = io_of_bio(cpu, user, bio);
	__u32 dev;

	if (!io)
		return 0;
	dev = disk_of_bio(bio);
	note_layer(cpu, slot_of(io), user, dev, now);
	if (((struct probe_layered *)io)->layers[1].dev)
		note_giver(slot_of(io), dev, disk_above(iocb_key(cpu, user, bio), dev));
	return 0;
}

static __always_inline int layer_enters(struct bio *bio)
{
	struct probe_cpu *cpu = this_cpu_with_word(PROBE_WITNESSED_LAYER_ENTRY, bio);

	return cpu ? bio_enters(cpu, PROBE_KEY_LAYER_ENTRY, bio) : 0;
}

SEC("?tp_btf/block_bio_queue")
int BPF_PROG(layer_entered, struct bio *bio)
{
	return layer_enters(bio);
}

SEC("?tp_btf/block_bio_queue")
int BPF_PROG(layer_entry_witnessed, struct bio *bio)
{
	struct probe_cpu *cpu = this_cpu_without_word(PROBE_WITNESSED_LAYER_ENTRY, PROBE_KEY_LAYER_ENTRY_WITNESS, bio);

	return cpu ? bio_enters(cpu, PROBE_KEY_LAYER_ENTRY_WITNESS, bio) : 0;
}

/* Before a54895fa057c (5.11) the tracepoint's first argument is the bio's queue. */
SEC("?tp_btf/block_bio_queue")
int BPF_PROG(layer_entered_from_queue, struct request_queue *queue, struct bio *bio)
{
	return layer_enters(bio);
}

/* A cgroup's io.max may hold it back. */
static __always_inline int bio_throttled(struct bio *bio, bool is_held_back)
{
	return is_held_back ? note_bio(this_cpu(), PROBE_KEY_THROTTLE, bio, bpf_ktime_get_ns()) : 0;
}

SEC("?fexit/__blk_throtl_bio")
int BPF_PROG(layer_throttled, struct bio *bio, bool is_held_back)
{
	return bio_throttled(bio, is_held_back);
}

/* Before it became the part that only cgroups with a limit come to (5.16): each bio. */
SEC("?fexit/blk_throtl_bio")
int BPF_PROG(layer_throttled_by_all, struct bio *bio, bool is_held_back)
{
	return bio_throttled(bio, is_held_back);
}

SEC("?tp_btf/block_bio_complete")
int BPF_PROG(layer_done, struct request_queue *queue, struct bio *bio)
{
	return note_bio(this_cpu(), PROBE_KEY_LAYER_DONE, bio, bpf_ktime_get_ns());
}

verified_once_with_memory int disk_did(struct probe_cpu *cpu, __u32 user, __u64 bio, __u64 now)
{
	return note_bio(cpu, user % PROBE_KEY_USERS, cast_kernel(struct bio, bio), now);
}

static __always_inline int disk_did_all(struct probe_cpu *cpu, enum probe_key_user user, struct request *rq)
{
	struct bio *bio = read_kernel(rq, bio);
	__u64 now = bpf_ktime_get_ns();

	for (__u32 i = 0; i < MERGED_BIOS && i < merged_bios() && bio; i++) {
		disk_did(cpu, user, iocb_key(cpu, user, bio), now);
		bio = read_kernel(bio, bi_next);
	}
	return 0;
}

SEC("?tp_btf/block_rq_complete")
int BPF_PROG(layer_disk_done, struct request *rq)
{
	struct probe_cpu *cpu = this_cpu_with_word(PROBE_WITNESSED_DISK_DONE, rq);

	return cpu ? disk_did_all(cpu, PROBE_KEY_DISK_DONE, rq) : 0;
}

SEC("?tp_btf/block_rq_complete")
int BPF_PROG(layer_disk_done_witnessed, struct request *rq)
{
	struct probe_cpu *cpu = this_cpu_without_word(PROBE_WITNESSED_DISK_DONE, PROBE_KEY_DISK_DONE_WITNESS, rq);

	return cpu ? disk_did_all(cpu, PROBE_KEY_DISK_DONE_WITNESS, rq) : 0;
}

/* ---- work items that a layer defers an I/O to on its way down ---- */

/* The I/O of a layer's work, before a device has it. */
static __always_inline struct probe_io *io_of_layer_work(struct probe_cpu *cpu, enum probe_key_user user,
							 const struct probe_link *link, struct work_struct *work)
{
	__u64 key = io_above(follow_link(link, iocb_key(cpu, user, work)), true);
	struct probe_io *io = key ? slot_find(key) : 0;

	return io && !io->issued_ns ? io : 0;
}

/* - now: before the search for the I/O. */
static __always_inline void layer_work_queued(struct probe_cpu *cpu, const struct probe_link *link,
					      struct work_struct *work, __u64 now)
{
	struct probe_io *io = io_of_layer_work(cpu, PROBE_KEY_QUEUE, link, work);
	struct probe_layer *layer = io ? layer_now(io) : 0;

	if (layer)
		layer->queued_ns = since_submit(io, now);
}

static __always_inline void layer_work_started(struct probe_cpu *cpu, enum probe_key_user user,
					       const struct probe_link *link, struct work_struct *work, __u64 now)
{
	struct probe_io *io = io_of_layer_work(cpu, user, link, work);
	struct probe_layer *layer = io ? layer_now(io) : 0;

	if (layer && layer->queued_ns)
		layer->started_ns = since_submit(io, now);
}

/* A layer that was given a request, loop, has its worker begin the I/O to its own file. */
static __always_inline void layer_worker_begins(struct probe_io *io)
{
	struct probe_layer *layer = layer_now(io);

	if (!layer || !layer->issued_ns || layer->started_ns)
		return;
	layer->queued_ns = layer->issued_ns;
	layer->started_ns = since_submit(io, bpf_ktime_get_ns());
}

#endif
