/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/Os whose end was not seen. A kiocb that begins again shows it, or a slot
 * that has been taken for too long: none of this is in the path of other I/Os.
 */
#ifndef LOST_BPF_H
#define LOST_BPF_H

#include "rings.bpf.h"

/*
 * A submission that may not wait comes to nothing before anything is issued. io_uring
 * then hands it to a worker, which is seen where that tracepoint has the request.
 */
static __always_inline bool came_to_nothing(const struct probe_io *io)
{
	if (!(io->facts & PROBE_FACT_NOWAIT) || io->issued_ns || io->facts & PROBE_FACT_END_SEEN)
		return false;
	return io->issuer != PROBE_ISSUER_IO_URING || !probe_settings.punts_seen;
}

/* Its completion is in the past, and was not seen: counted apart from those that are recorded. */
verified_once_with_memory int lose_io(struct probe_cpu *cpu, struct probe_deep *slot)
{
	struct probe_io *io = io_in(slot);
	struct probe_cpu *waited_on;

	if (!cpu || !slot)
		return 0;
	waited_on = io->queued_ns && !io->started_ns ? cpu_at(io->end_cpu) : 0;
	if (waited_on && probe_settings.clocks_run)
		__sync_fetch_and_add(&waited_on->waiting, -1);
	io->kind = PROBE_RECORD_LOST_IO;
	io->completed_ns = bpf_ktime_get_ns();
	__sync_fetch_and_add(&cpu->lost, 1);
	__sync_fetch_and_add(&cpu->lost_ns, io->completed_ns - io->submitted_ns);
	emit(struct probe_io, io, &cpu->lost_recorded, &cpu->lost_unrecorded);
	return 0;
}

/* Its slot is wanted for another: an I/O that did complete is still recorded. */
static __always_inline void io_is_over(struct probe_cpu *cpu, struct probe_io *io)
{
	if (io->completed_ns)
		emit_io(cpu, io);
	else
		lose_io(cpu, slot_of(io));
}

#ifdef PROBE_MODERN

/* No device keeps an I/O for so long; its kiocb may never begin again. */
#define SLOT_FORGOTTEN_NS	60000000000ULL

/* Finds a slot of a full bucket to take over. Returns its way, or -1. */
verified_once_with_memory int forgotten_way(struct probe_cpu *cpu, __u64 key)
{
	__u32 index = bucket_of(key);
	struct probe_bucket *bucket = bucket_at(index);
	__u64 now = bpf_ktime_get_ns();

	if (!bucket || !cpu)
		return -1;
	for (__u32 way = 0; way < PROBE_BUCKET_SLOTS; way++) {
		struct probe_io *io = slot_at(index, way);
		__u64 there = bucket->iocb[way];

		if (!io || !there || now - io->submitted_ns < SLOT_FORGOTTEN_NS)
			continue;
		if (__sync_val_compare_and_swap(&bucket->iocb[way], there, key) != there)
			continue;
		io_is_over(cpu, io);
		return way;
	}
	return -1;
}

static __always_inline struct probe_io *slot_take_over(struct probe_cpu *cpu, __u64 key)
{
	int way = forgotten_way(cpu, key);

	return way < 0 ? 0 : slot_at(bucket_of(key), way);
}

#else

static __always_inline struct probe_io *slot_take_over(struct probe_cpu *cpu, __u64 key)
{
	return 0;
}

#endif

#endif
