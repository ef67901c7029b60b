/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Submitters that leave the CPU in the midst of a submission. What it sleeps for
 * may be the block layer's, which has a bio of the I/O then: a tag, a throttle. Or
 * it is what has to be known or done before there is one: a block of the extent
 * tree, the journal, pages of the cache. That time is neither a throttle's nor the
 * submitter's on a CPU, and it goes on with the submission afterwards.
 */
#ifndef SUBMISSIONS_BPF_H
#define SUBMISSIONS_BPF_H

#include "slots.bpf.h"

enum suspension {
	SUSPENSION_PREEMPTED,
	SUSPENSION_ASLEEP,
	SUSPENSION_HELD,		/* asleep where the block layer takes a bio */
};

struct probe_suspended {
	__u64 key;			/* of the I/O's slot */
	__u64 begun_ns;			/* probe_cpu.begun_ns */
	__u32 suspension;
	__u32 reserved;
};

/* By thread. One that does not fit is as if its submission had not been interrupted. */
#define MAX_SUSPENDED	4096

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SUSPENDED);
	__type(key, __u32);
	__type(value, struct probe_suspended);
} probe_suspended SEC(".maps");

/*
 * An I/O that has still to be submitted. Where it has ended, its issue was not seen:
 * a disk without requests, a probe that was missed.
 */
static __always_inline bool is_submitting(const struct probe_io *io, __u32 tid)
{
	return io && !io->issued_ns && !io->completed_ns && !(io->facts & PROBE_FACT_END_SEEN) && io->submitter_tid == tid;
}

/*
 * Asleep, perhaps until the device is done with it: then this is where it left its
 * hands. A task that is in submit_bio() has a list there for what that leads to.
 */
static __always_inline enum suspension falls_asleep(struct probe_io *io, struct task_struct *task, __u64 now)
{
	struct probe_life *life = life_of(io);

	if (!life->returned_ns)
		life->returned_ns = now;
	life->marks |= PROBE_LIFE_SLEPT;
	return read_kernel(task, bio_list) ? SUSPENSION_HELD : SUSPENSION_ASLEEP;
}

/* - runs_on: as soon as it gets a CPU. */
static __noinline int submission_suspended(struct probe_cpu *cpu, struct task_struct *task, bool runs_on, __u64 now)
{
	struct probe_suspended suspended = { .key = cpu->begun_key, .begun_ns = cpu->begun_ns };
	struct probe_io *io = slot_find(suspended.key);
	__u32 tid = cpu->begun_tid;

	cpu->begun_ns = 0;
	if (!is_submitting(io, tid))
		return 0;
	if (!runs_on)
		suspended.suspension = falls_asleep(io, task, now);
	if (!bpf_map_update_elem(&probe_suspended, &tid, &suspended, BPF_ANY))
		__sync_fetch_and_add(&cpu->suspended, 1);
	return 0;
}

/* It was not for the block layer: the submission goes on. */
static __always_inline void wakes_up(struct probe_io *io, __u64 now)
{
	struct probe_layered *all = layered(io);
	__u64 slept = (now - all->life.returned_ns) >> PROBE_SLEEP_UNIT_SHIFT;
	__u64 resumed = (now - io->submitted_ns) >> PROBE_SLEEP_UNIT_SHIFT;

	slept += all->asleep[0] | all->asleep[1] << 8 | all->asleep[2] << 16;
	if (slept > PROBE_LONGEST_SLEEP)
		slept = PROBE_LONGEST_SLEEP;
	all->asleep[0] = slept;
	all->asleep[1] = slept >> 8;
	all->asleep[2] = slept >> 16;
	all->resumed = resumed > 0xffffffffULL ? 0xffffffffU : resumed;
	all->life.returned_ns = 0;
	all->life.marks &= ~PROBE_LIFE_SLEPT;
}

/* - left: the CPU that it was last on. */
static __noinline int submission_resumed(struct probe_cpu *here, struct probe_cpu *left, __u32 tid, __u64 now)
{
	struct probe_suspended *found = bpf_map_lookup_elem(&probe_suspended, &tid);
	struct probe_suspended suspended;
	struct probe_io *io;

	if (!found)
		return 0;
	suspended = *found;
	bpf_map_delete_elem(&probe_suspended, &tid);
	__sync_fetch_and_add(&left->suspended, -1);
	io = slot_find(suspended.key);
	if (!is_submitting(io, tid))
		return 0;
	if (suspended.suspension == SUSPENSION_ASLEEP)
		wakes_up(io, now);
	here->begun_tid = tid;
	here->begun_key = suspended.key;
	here->begun_ns = suspended.suspension == SUSPENSION_PREEMPTED ? suspended.begun_ns : PROBE_BEGUN_BEFORE_A_SLEEP;
	return 0;
}

#endif
