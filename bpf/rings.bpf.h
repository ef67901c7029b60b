/* SPDX-License-Identifier: GPL-2.0-only */
/* Records to user space: a ring per CPU, so that CPUs do not wait for each other. */
#ifndef RINGS_BPF_H
#define RINGS_BPF_H

#include "slots.bpf.h"
#include "stacked.bpf.h"
#include "summary.bpf.h"

struct probe_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct probe_ring);
} probe_rings SEC(".maps");

static __always_inline void *ring_of_cpu(void)
{
	__u32 index = bpf_get_smp_processor_id() & probe_settings.ring_mask;

	return bpf_map_lookup_elem(&probe_rings, &index);
}

/* User space looks ten times a second by itself; before a ring is full it is woken. */
static __always_inline __u64 wake_flags(__u64 records)
{
	return records & (probe_settings.wake_every - 1) ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
}

/* Copied word by word: the kernel's memcpy() costs more than all else here. */
#define emit(type, record, records, ring_full)					\
({										\
	void *ring_ = ring_of_cpu();						\
	type *copy_ = ring_ ? bpf_ringbuf_reserve(ring_, sizeof(type), 0) : 0;	\
										\
	if (copy_) {								\
		*copy_ = *(type *)(record);					\
		bpf_ringbuf_submit(copy_, wake_flags(*(records)));		\
		__sync_fetch_and_add(records, 1);				\
	} else {								\
		__sync_fetch_and_add(ring_full, 1);				\
	}									\
})

verified_once_with_memory int send_life(struct probe_cpu *cpu, struct probe_deep *slot)
{
	struct probe_life *life = (struct probe_life *)slot;

	if (!cpu || !slot)
		return 0;
	/* A submitter that completes it by itself may have waited for its CPU too. */
	if (life->waited.io.facts & PROBE_FACT_TASK_WORK_CLOCKS ||
	    !(life->waited.io.task_work_ns || life->waited.io.facts & PROBE_FACT_BY_SUBMITTER))
		wait_unknown(&life->waited.task_work_wait);
	if (!life->waited.io.started_ns)
		wait_unknown(&life->waited.queue_wait);
	if (life->marks & PROBE_LIFE_WAITER_CLOCKS)
		wait_unknown(&life->waiter_wait);
	if (life->marks & PROBE_LIFE_DELIVERY_CLOCKS)
		wait_unknown(&life->delivery_wait);
	life->marks &= ~PROBE_LIFE_SLOT_ONLY;
	/* Those that went back were issued anew. */
	if (life->requests > life->requeues)
		life->requests -= life->requeues;
	if (is_top_unseen((struct probe_layered *)life))
		life->marks |= PROBE_LIFE_TOP_UNSEEN;
	if (life->waited.io.kind == PROBE_RECORD_DEEP)
		emit(struct probe_deep, life, &cpu->records, &cpu->ring_full);
	else if (life->waited.io.kind == PROBE_RECORD_LAYERED)
		emit(struct probe_layered, life, &cpu->records, &cpu->ring_full);
	else
		emit(struct probe_life, life, &cpu->records, &cpu->ring_full);
	return 0;
}

/* One I/O of so many stays a record: sums do not say which files and threads there are. */
static __always_inline bool is_to_be_summed_up(void)
{
	__u32 every = probe_settings.summary;

	return every && (every == 1 || bpf_get_prandom_u32() % every);
}

/* A finished I/O: into its sums, or as the shortest record that has room for all of it. */
static __always_inline void emit_io(struct probe_cpu *cpu, struct probe_io *io)
{
	if (is_to_be_summed_up() && sum_up(slot_of(io))) {
		__sync_fetch_and_add(&cpu->summed_up, 1);
		return;
	}
	if (io->kind >= PROBE_RECORD_LIFE) {
		send_life(cpu, slot_of(io));
		return;
	}
	if (io->kind != PROBE_RECORD_WAITED_IO) {
		emit(struct probe_io, io, &cpu->records, &cpu->ring_full);
		return;
	}
	if (io->facts & PROBE_FACT_TASK_WORK_CLOCKS)
		wait_unknown(task_work_wait_of(io));
	emit(struct probe_waited_io, io, &cpu->records, &cpu->ring_full);
}

#endif
