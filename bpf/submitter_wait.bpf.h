/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wait for a submitter that has something to do for its I/O: to run io_uring's
 * task_work, or to complete what it slept for. It is a wait for the CPU on which
 * the submitter was last seen, but for what it sleeps on by its own wish, and for
 * the time in which its cgroup has no quota left.
 */
#ifndef SUBMITTER_WAIT_BPF_H
#define SUBMITTER_WAIT_BPF_H

#include "occupants.bpf.h"

/* While another task has it, that one is worth a name. */
static __always_inline void waits_for_cpu(struct probe_cpu *cpu)
{
	if (clocks_run() && cpu->task_occupant != PROBE_OCCUPANT_SUBMITTER)
		cpu->submitter_waits = 1;
}

/* That CPU may be another one than this. Returns when it began. */
static __always_inline __u64 submitter_wait_begins(struct probe_io *io, struct probe_cpu *here)
{
	struct probe_occupied *times = task_work_wait_of(io);
	struct probe_cpu *cpu;
	__u64 now;

	io->facts |= PROBE_FACT_TASK_WORK_CLOCKS;
	if (io->submit_cpu == bpf_get_smp_processor_id()) {
		waits_for_cpu(here);
		return read_clocks(here, times);
	}
	cpu = cpu_at(io->submit_cpu);
	if (cpu)
		waits_for_cpu(cpu);
	now = cpu ? read_remote_clocks(cpu, times) : 0;
	if (now)
		return now;
	io->facts &= ~PROBE_FACT_TASK_WORK_CLOCKS;
	wait_unknown(times);
	return bpf_ktime_get_ns();
}

/*
 * Does its submitter sleep on? Then this completion is the last so far that it
 * sleeps through, or the one that wakes it: which is seen when it runs.
 */
verified_once_with_memory int note_sleep(struct probe_deep *slot, __u64 request, __u64 now)
{
	int wanted = slept_for(cast_kernel(struct io_kiocb, request));
	struct probe_io *io = io_in(slot);
	struct probe_cpu *cpu;

	if (!slot || !wanted || wanted == 1)
		return 0;
	if (wanted < 0) {
		life_of(io)->marks |= PROBE_LIFE_ELSEWHERE;
		return 0;
	}
	life_of(io)->marks |= PROBE_LIFE_BATCHED;
	cpu = cpu_at(io->submit_cpu);
	if (!cpu)
		return 0;
	cpu->batch_tid = io->submitter_tid;
	cpu->batch_last_ns = now;
	cpu->batch_clocks = *task_work_wait_of(io);
	return 0;
}

static __always_inline __u32 saturated(__u64 ns)
{
	return ns > 0xffffffffULL ? 0xffffffffU : ns;
}

/* Takes out of the wait what its submitter slept for. Returns when the rest begins. */
static __always_inline __u64 cut_sleep(struct probe_cpu *cpu, struct probe_life *life,
				       const struct probe_occupied *clocks, __u64 from, __u64 until)
{
	struct probe_occupied *times = &life->waited.task_work_wait;
	__u64 woken = until;

	if (life->marks & PROBE_LIFE_BATCHED) {
		bool is_known = cpu->batch_tid == life->waited.io.submitter_tid && cpu->batch_last_ns >= from &&
				cpu->batch_last_ns <= until;

		woken = is_known ? cpu->batch_last_ns : until;
		*times = is_known ? cpu->batch_clocks : *clocks;
	} else if (life->marks & PROBE_LIFE_ELSEWHERE) {
		/* Since it has the CPU it is on its way to the ring. */
		if (cpu->task_occupied_since_ns < until)
			woken = cpu->task_occupied_since_ns > from ? cpu->task_occupied_since_ns : from;
		*times = *clocks;
		times->ns[PROBE_OCCUPANT_SUBMITTER] -= (__u32)(until - woken);
	} else {
		return from;
	}
	life->unwoken_ns = saturated(woken - from);
	return woken;
}

/* The same for the time in which its cgroup had no quota left. */
verified_once_with_memory int cut_stop(struct probe_cpu *cpu, struct probe_deep *slot, __u64 from)
{
	struct probe_occupied *times = task_work_wait_of(io_in(slot));
	bool is_within;

	if (!cpu || !slot)
		return 0;
	is_within = from >= cpu->stop_from_ns;
	for (int i = 0; i < PROBE_OCCUPANTS; i++) {
		__u32 begin = is_within ? times->ns[i] : cpu->stop_from.ns[i];

		times->ns[i] += cpu->stop_until.ns[i] - begin;
	}
	life_of(io_in(slot))->stopped_ns = saturated(cpu->stop_until_ns - (is_within ? from : cpu->stop_from_ns));
	return 0;
}

/* - until: when it ends, here and now, as the clocks say. */
static __always_inline void submitter_wait_ends(struct probe_cpu *cpu, struct probe_io *io,
						const struct probe_occupied *clocks, __u64 from, __u64 until)
{
	struct probe_occupied *times = task_work_wait_of(io);
	__u64 rest = from;

	if (io->kind >= PROBE_RECORD_LIFE)
		rest = cut_sleep(cpu, (struct probe_life *)io, clocks, from, until);
	if (cpu->stop_until_ns > rest && cpu->stop_until_ns <= until && cpu->stop_tid == io->submitter_tid)
		cut_stop(cpu, slot_of(io), rest);
	if (!(io->facts & PROBE_FACT_TASK_WORK_CLOCKS))
		return;
	io->facts &= ~PROBE_FACT_TASK_WORK_CLOCKS;
	if (io->submit_cpu != bpf_get_smp_processor_id() || until - from > LONGEST_WAIT_NS)
		return wait_unknown(times);
	wait_ends(clocks, times);
	if (io->kind == PROBE_RECORD_IO && !io->started_ns)
		wait_unknown(queue_wait_of(io));
	now_waited(io);
}

#endif
