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

/*
 * By thread, those for which their CPU has no place: it keeps one. What does not
 * fit here either is as if its submission had not been interrupted.
 */
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

/* A thread's own may be left of a switch that was missed. */
static __always_inline bool keep_at_hand(struct probe_cpu *cpu, __u32 tid, const struct probe_suspended *suspended)
{
	if (cpu->suspended_tid && cpu->suspended_tid != tid)
		return false;
	if (!cpu->suspended_tid)
		__sync_fetch_and_add(&cpu->suspended, 1);
	cpu->suspended_key = suspended->key;
	cpu->suspended_begun_ns = suspended->begun_ns;
	cpu->suspension = suspended->suspension;
	*(volatile __u32 *)&cpu->suspended_tid = tid;
	return true;
}

static __always_inline bool take_from_hand(struct probe_cpu *left, __u32 tid, struct probe_suspended *suspended)
{
	if (left->suspended_tid != tid)
		return false;
	suspended->key = left->suspended_key;
	suspended->begun_ns = left->suspended_begun_ns;
	suspended->suspension = left->suspension;
	*(volatile __u32 *)&left->suspended_tid = 0;
	return true;
}

static __always_inline bool take_from_map(__u32 tid, struct probe_suspended *suspended)
{
	struct probe_suspended *found = bpf_map_lookup_elem(&probe_suspended, &tid);

	if (!found)
		return false;
	*suspended = *found;
	bpf_map_delete_elem(&probe_suspended, &tid);
	return true;
}

static __always_inline void keep(struct probe_cpu *cpu, __u32 tid, const struct probe_suspended *suspended)
{
	if (keep_at_hand(cpu, tid, suspended))
		return;
	if (!bpf_map_update_elem(&probe_suspended, &tid, suspended, BPF_ANY))
		__sync_fetch_and_add(&cpu->suspended, 1);
}

/* What a CPU knows of the I/O that was begun there last, as of a submitter that was preempted. */
static __always_inline struct probe_suspended begun_on(const struct probe_cpu *cpu)
{
	return (struct probe_suspended){ .key = cpu->begun_key, .begun_ns = cpu->begun_ns,
					 .suspension = SUSPENSION_PREEMPTED };
}

/* Its submitter sleeps. */
static __noinline int submission_suspended(struct probe_cpu *cpu, struct task_struct *task, __u64 now)
{
	struct probe_suspended suspended = begun_on(cpu);
	struct probe_io *io = slot_find(suspended.key);
	__u32 tid = cpu->begun_tid;

	cpu->begun_ns = 0;
	if (!is_submitting(io, tid))
		return 0;
	suspended.suspension = falls_asleep(io, task, now);
	keep(cpu, tid, &suspended);
	return 0;
}

/*
 * Another submitter begins an I/O, or goes on with one. A preempted one, of which where kworkers
 * complete I/Os there is one for nearly every completion, leaves its I/O with the CPU until then.
 */
verified_once_with_memory int set_aside(struct probe_cpu *cpu)
{
	struct probe_suspended suspended;
	__u32 tid;

	if (!cpu)
		return 0;
	suspended = begun_on(cpu);
	tid = cpu->begun_tid;
	if (is_submitting(slot_find(suspended.key), tid))
		keep(cpu, tid, &suspended);
	return 0;
}

/* It was preempted in the midst of its submission, and what its CPU then knew of that is there still. */
static __always_inline bool is_where_it_was(const struct probe_cpu *left, __u32 tid)
{
	return left->begun_ns && left->begun_tid == tid;
}

/* - left: the CPU that it was last on, may be NULL. */
static __always_inline bool may_have_been_suspended(const struct probe_cpu *here, const struct probe_cpu *left, __u32 tid)
{
	return left && (left->suspended || (!here->is_marked_here && is_where_it_was(left, tid)));
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
	struct probe_suspended suspended;
	struct probe_io *io;

	if (is_where_it_was(left, tid)) {
		if (here->is_marked_here)
			return 0;
		suspended = begun_on(left);
		left->begun_ns = 0;
	} else {
		if (!take_from_hand(left, tid, &suspended) && !take_from_map(tid, &suspended))
			return 0;
		__sync_fetch_and_add(&left->suspended, -1);
	}
	io = slot_find(suspended.key);
	if (!is_submitting(io, tid))
		return 0;
	if (suspended.suspension == SUSPENSION_ASLEEP)
		wakes_up(io, now);
	if (here->begun_ns)
		set_aside(here);
	here->begun_tid = tid;
	here->begun_key = suspended.key;
	here->begun_ns = suspended.suspension == SUSPENSION_PREEMPTED ? suspended.begun_ns : PROBE_BEGUN_BEFORE_A_SLEEP;
	return 0;
}

#endif
