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

enum layer_time {
	LAYER_ENTERED,
	LAYER_ISSUED,
	LAYER_DONE,
	LAYER_BIO_DONE,			/* a moment after its request */
};

/* Disks that give their I/O to others, by number: what becomes of it there may not be followed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MAX_STACKED);
	__type(key, __u32);
	__type(value, __u32);
} probe_stacked SEC(".maps");

static __always_inline bool is_stacked(__u32 dev)
{
	return probe_settings.stacked_disks && bpf_map_lookup_elem(&probe_stacked, &dev);
}

/* The key of an I/O that was submitted before: never 0. */
static __always_inline __u32 since_submit(const struct probe_io *io, __u64 now)
{
	__u64 ns = now - io->submitted_ns;

	if (!ns)
		return 1;
	return ns > 0xffffffffULL ? 0xffffffffU : ns;
}

static __noinline int note_layer(struct probe_io *io, __u32 dev, enum layer_time what, __u64 now)
{
	struct probe_layered *all = (struct probe_layered *)io;
	__u32 since = since_submit(io, now);

	for (__u32 i = 0; i < PROBE_LAYERS; i++) {
		struct probe_layer *layer = &all->layers[i];

		if (!layer->dev && what < LAYER_DONE) {
			layer->dev = dev;
			if (i || is_stacked(dev))
				layered(io);
		}
		if (layer->dev != dev)
			continue;
		if (what == LAYER_ISSUED)
			layer->issued_ns = since;
		else if (what == LAYER_DONE || (what == LAYER_BIO_DONE && (!layer->issued_ns || layer->done_ns <= layer->issued_ns)))
			layer->done_ns = since;
		else if (what == LAYER_ENTERED && !layer->entered_ns)
			layer->entered_ns = since;
		return 0;
	}
	all = layered(io);
	if (all->layers_missed < 255)
		all->layers_missed++;
	return 0;
}

/* The disk of the bio, or request, that a layer made this bio of another disk for; 0 where there is none. */
static __noinline __u32 disk_above(__u64 at, __u32 dev)
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

static __noinline int note_giver(struct probe_io *io, __u32 dev, __u32 above)
{
	struct probe_layered *all = (struct probe_layered *)io;
	__u32 giver = 0;

	for (__u32 i = 0; above && i < PROBE_LAYERS; i++) {
		if (all->layers[i].dev == above)
			giver = i + 1;
		else if (all->layers[i].dev == dev)
			all->layers[i].giver = giver;
	}
	return 0;
}

/* The one that has the I/O now: none is done, and this was entered last. */
static __always_inline struct probe_layer *layer_now(struct probe_io *io)
{
	struct probe_layered *all = (struct probe_layered *)io;
	struct probe_layer *last = 0;

	for (__u32 i = 0; i < PROBE_LAYERS; i++)
		if (all->layers[i].dev)
			last = &all->layers[i];
	return last;
}

static __always_inline int layer_enters(struct bio *bio)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io = cpu ? io_of_bio(cpu, PROBE_KEY_LAYER_ENTRY, bio) : 0;
	__u32 dev;

	if (!io)
		return 0;
	dev = disk_of_bio(bio);
	note_layer(io, dev, LAYER_ENTERED, bpf_ktime_get_ns());
	if (((struct probe_layered *)io)->layers[1].dev)
		note_giver(io, dev, disk_above(iocb_key(cpu, PROBE_KEY_LAYER_ENTRY, bio), dev));
	return 0;
}

SEC("?tp_btf/block_bio_queue")
int BPF_PROG(layer_entered, struct bio *bio)
{
	return layer_enters(bio);
}

/* Before a54895fa057c (5.11) the tracepoint's first argument is the bio's queue. */
SEC("?tp_btf/block_bio_queue")
int BPF_PROG(layer_entered_from_queue, struct request_queue *queue, struct bio *bio)
{
	return layer_enters(bio);
}

SEC("?tp_btf/block_bio_complete")
int BPF_PROG(layer_done, struct request_queue *queue, struct bio *bio)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io = cpu ? io_of_bio(cpu, PROBE_KEY_LAYER_DONE, bio) : 0;

	if (io)
		note_layer(io, disk_of_bio(bio), LAYER_BIO_DONE, bpf_ktime_get_ns());
	return 0;
}

static __noinline int disk_did(struct probe_cpu *cpu, struct bio *bio)
{
	struct probe_io *io = io_of_bio(cpu, PROBE_KEY_DISK_DONE, bio);

	if (io)
		note_layer(io, disk_of_bio(bio), LAYER_DONE, bpf_ktime_get_ns());
	return 0;
}

SEC("?tp_btf/block_rq_complete")
int BPF_PROG(layer_disk_done, struct request *rq)
{
	struct bio *bio = read_kernel(rq, bio);
	struct probe_cpu *cpu = this_cpu();

	for (__u32 i = 0; i < MERGED_BIOS && cpu && bio; i++) {
		disk_did(cpu, bio);
		bio = read_kernel(bio, bi_next);
	}
	return 0;
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

static __always_inline void layer_work_queued(struct probe_cpu *cpu, const struct probe_link *link,
					      struct work_struct *work)
{
	struct probe_io *io = io_of_layer_work(cpu, PROBE_KEY_QUEUE, link, work);
	struct probe_layer *layer = io ? layer_now(io) : 0;

	if (layer)
		layer->queued_ns = since_submit(io, bpf_ktime_get_ns());
}

static __always_inline void layer_work_started(struct probe_cpu *cpu, const struct probe_link *link,
					       struct work_struct *work)
{
	struct probe_io *io = io_of_layer_work(cpu, PROBE_KEY_START, link, work);
	struct probe_layer *layer = io ? layer_now(io) : 0;

	if (layer && layer->queued_ns)
		layer->started_ns = since_submit(io, bpf_ktime_get_ns());
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
