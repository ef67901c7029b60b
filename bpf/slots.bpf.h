/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One slot per I/O in flight, found by its kiocb. Slots live in an array, and
 * their keys apart from them, eight to a cache line: a look-up is one line and
 * no helper call. kiocbs are recycled within microseconds, so a slot is freed
 * at completion and overwritten when its kiocb begins anew.
 */
#ifndef SLOTS_BPF_H
#define SLOTS_BPF_H

#include "this_cpu.bpf.h"

/* The whole slot, for functions that are verified without their callers: no more is theirs than they are given. */
static __always_inline struct probe_deep *slot_of(struct probe_io *io)
{
	return (struct probe_deep *)io;
}

static __always_inline struct probe_io *io_in(struct probe_deep *slot)
{
	return (struct probe_io *)slot;
}

/* Complete as far as it came; what the file system does next decides whether that is its end. */
static __always_inline bool stopped_midway(const struct probe_io *io)
{
	return io->completed_ns && io->facts & PROBE_FACT_PARTIAL && io->facts & PROBE_FACT_BY_SUBMITTER;
}

/*
 * The verifier refuses arithmetic on pointers; what comes back from a map is a
 * number. A place per program: an interrupt's program must not change another's.
 */
static __always_inline __u64 iocb_key(struct probe_cpu *cpu, enum probe_key_user user, const void *iocb)
{
	volatile __u64 *key = &cpu->key[user];

	*key = (__u64)iocb;
	return *key;
}

/*
 * A synchronous I/O to a block device has its kiocb on the stack of the task
 * that waits for it, and what its bio is called back with too, which knows
 * nothing of the kiocb: the stack is the key. It is aligned to its size.
 */
#define STACK_BYTES	16384

static __always_inline __u64 stack_of(__u64 address)
{
	return address & ~(__u64)(STACK_BYTES - 1);
}

static __always_inline __u64 block_device_key(struct probe_cpu *cpu, enum probe_key_user user, struct kiocb *iocb)
{
	__u64 key = iocb_key(cpu, user, iocb);

	return read_kernel(iocb, ki_complete) ? key : stack_of(key);
}

#ifdef PROBE_MODERN

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_deep);
} probe_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_bucket);
} probe_buckets SEC(".maps");

/* kiocbs come from slab caches of 64-byte multiples: the low bits say nothing. */
static __always_inline __u32 bucket_of(__u64 key)
{
	__u32 hash = (__u32)(((key >> 6) * 0x9e3779b97f4a7c15ULL) >> 32);

	return hash & (probe_settings.slots_elsewhere ? probe_settings.bucket_mask : PROBE_NEAR_BUCKETS - 1);
}

static __always_inline struct probe_bucket *bucket_at(__u32 index)
{
	if (probe_settings.slots_elsewhere)
		return bpf_map_lookup_elem(&probe_buckets, &index);
	return &probe_state.buckets[index];
}

static __always_inline struct probe_io *slot_at(__u32 bucket, __u32 way)
{
	__u32 index = bucket * PROBE_BUCKET_SLOTS + way;

	/* The whole slot is a struct probe_deep. */
	return bpf_map_lookup_elem(&probe_slots, &index);
}

/* The slot of an I/O in flight, or NULL: not traced, or begun before we were. */
static __always_inline struct probe_io *slot_find(__u64 key)
{
	__u32 index = bucket_of(key);
	struct probe_bucket *bucket = bucket_at(index);

	if (!bucket)
		return 0;
	for (__u32 way = 0; way < PROBE_BUCKET_SLOTS; way++)
		if (bucket->iocb[way] == key)
			return slot_at(index, way);
	return 0;
}

/* May this kiocb have a slot from before? Nearly always its bucket is empty. */
static __always_inline bool slot_may_exist(__u64 key)
{
	struct probe_bucket *bucket = bucket_at(bucket_of(key));
	__u64 any = 0;

	if (!bucket)
		return false;
	/* Or the compiler would make an address for each key of it. */
	barrier_var(bucket);
	for (__u32 way = 0; way < PROBE_BUCKET_SLOTS; way++)
		any |= bucket->iocb[way];
	return any;
}

/* A free slot for this kiocb, or NULL when its bucket is full. */
static __always_inline struct probe_io *slot_claim(__u64 key)
{
	__u32 index = bucket_of(key);
	struct probe_bucket *bucket = bucket_at(index);

	if (!bucket)
		return 0;
	for (__u32 way = 0; way < PROBE_BUCKET_SLOTS; way++)
		if (!bucket->iocb[way] && !__sync_val_compare_and_swap(&bucket->iocb[way], 0, key))
			return slot_at(index, way);
	return 0;
}

static __always_inline void slot_free(__u64 key)
{
	__u32 index = bucket_of(key);
	struct probe_bucket *bucket = bucket_at(index);

	if (!bucket)
		return;
	for (__u32 way = 0; way < PROBE_BUCKET_SLOTS; way++)
		if (bucket->iocb[way] == key) {
			bucket->iocb[way] = 0;
			return;
		}
}

#else

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct probe_deep);
} probe_slots SEC(".maps");

static __always_inline struct probe_io *slot_find(__u64 key)
{
	return bpf_map_lookup_elem(&probe_slots, &key);
}

static __always_inline bool slot_may_exist(__u64 key)
{
	return true;
}

static __always_inline struct probe_io *slot_claim(__u64 key)
{
	/* Too large for the stack. */
	static const struct probe_deep empty;

	if (bpf_map_update_elem(&probe_slots, &key, &empty, BPF_ANY))
		return 0;
	return bpf_map_lookup_elem(&probe_slots, &key);
}

static __always_inline void slot_free(__u64 key)
{
	bpf_map_delete_elem(&probe_slots, &key);
}

#endif

/* ---- the waits of an I/O: the whole slot is a struct probe_deep ---- */

static __always_inline struct probe_occupied *queue_wait_of(struct probe_io *io)
{
	return &((struct probe_waited_io *)io)->queue_wait;
}

static __always_inline struct probe_occupied *task_work_wait_of(struct probe_io *io)
{
	return &((struct probe_waited_io *)io)->task_work_wait;
}

static __always_inline void wait_unknown(struct probe_occupied *times)
{
	__builtin_memset(times, 0, sizeof(*times));
}

/* It waited for a CPU whose occupants were seen. */
static __always_inline void now_waited(struct probe_io *io)
{
	if (io->kind == PROBE_RECORD_IO)
		io->kind = PROBE_RECORD_WAITED_IO;
}

/*
 * The part of a slot that most I/Os have nothing in: it is cleared when it is
 * first needed, and makes a longer record.
 */
static __always_inline struct probe_life *life_of(struct probe_io *io)
{
	struct probe_life *life = (struct probe_life *)io;

	if (io->kind >= PROBE_RECORD_LIFE)
		return life;
	__builtin_memset(&life->attempted_ns, 0, sizeof(*life) - sizeof(life->waited));
	life->raise_cpu = PROBE_NO_CPU;
	life->hop_cpu = PROBE_NO_CPU;
	io->kind = PROBE_RECORD_LIFE;
	return life;
}

/* The same of the part that only layers fill. */
static __always_inline struct probe_layered *layered(struct probe_io *io)
{
	struct probe_layered *all = (struct probe_layered *)io;

	if (io->kind >= PROBE_RECORD_LAYERED)
		return all;
	life_of(io);
	all->deliverer = 0;
	__builtin_memset(all->deliverer_name, 0, sizeof(all->deliverer_name));
	if (!probe_settings.stacked_disks)
		__builtin_memset(all->layers, 0, sizeof(all->layers));
	__builtin_memset(&all->layers_missed, 0, 8);
	io->kind = PROBE_RECORD_LAYERED;
	return all;
}

/* And of the part for more layers, and more of each. */
static __always_inline struct probe_deep *deep(struct probe_io *io)
{
	struct probe_deep *all = (struct probe_deep *)io;

	if (io->kind >= PROBE_RECORD_DEEP)
		return all;
	layered(io);
	__builtin_memset(all->deeper, 0, sizeof(*all) - sizeof(all->layered));
	io->kind = PROBE_RECORD_DEEP;
	return all;
}

#endif
