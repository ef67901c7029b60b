/* SPDX-License-Identifier: GPL-2.0-only */
/* A deferred completion: queued by end_io, run by a kworker. */
#ifndef WORKER_BPF_H
#define WORKER_BPF_H

#include "device.bpf.h"
#include "occupants.bpf.h"
#include "witnesses.bpf.h"

/* Is it completed by a kworker, in a work that is not its own? */
verified_once int in_other_work(__u32 context)
{
	const void *function;

	if (context != PROBE_CONTEXT_KWORKER)
		return 0;
	function = (const void *)read_kernel(worker_of(current_task()), current_func);
	return function && !completes_io(function);
}

/* What runs here and now completes it. */
static __always_inline void completes_here(struct probe_cpu *cpu, struct probe_io *io)
{
	io->complete_context = current_context(cpu);
	io->complete_cpu = bpf_get_smp_processor_id();
	/* In an interrupt, or a work of a driver's, that is where end_io ran, also where it cannot be probed. */
	if (!(io->facts & PROBE_FACT_END_SEEN) && (is_delivery(io->complete_context) || in_other_work(io->complete_context)))
		end_must_be_here(slot_of(io), cpu);
}

/* Is this the work that completes a user's kiocb, after the file system's own? */
verified_once int in_hop(void)
{
	struct probe_link *link;

	if (!is_kworker(current_task()))
		return 0;
	link = link_of_work((__u64)read_kernel(worker_of(current_task()), current_func));
	return link && link->to == PROBE_LINK_KIOCB;
}

/* The file system's own kiocb is done; a work is to complete the user's. */
static __always_inline void hop_queued(struct probe_cpu *cpu, const struct probe_link *link, struct work_struct *work)
{
	struct probe_io *io = slot_find(follow_link(link, iocb_key(cpu, PROBE_KEY_QUEUE, work)));
	struct probe_life *life;

	if (!io)
		return;
	life = life_of(io);
	life->hop_cpu = bpf_get_smp_processor_id();
	life->hop_queued_ns = read_clocks(cpu, &life->hop_wait);
	/* The completion, right before this, was skipped. */
	if (!io->completed_ns) {
		completes_here(cpu, io);
		io->completed_ns = life->hop_queued_ns;
		__sync_fetch_and_add(&cpu->rescued, 1);
	}
	if (clocks_run())
		__sync_fetch_and_add(&cpu->waiting, 1);
}

static __always_inline void hop_started(struct probe_cpu *cpu, enum probe_key_user user, const struct probe_link *link,
					struct work_struct *work)
{
	struct probe_io *io = slot_find(follow_link(link, iocb_key(cpu, user, work)));
	__u16 here = bpf_get_smp_processor_id();
	struct probe_occupied clocks;
	struct probe_life *life;
	struct probe_cpu *queued_on;

	if (!io || io->kind < PROBE_RECORD_LIFE)
		return;
	life = (struct probe_life *)io;
	if (!life->hop_queued_ns || life->hop_started_ns >= life->hop_queued_ns)
		return;
	life->hop_started_ns = read_clocks(cpu, &clocks);
	life->hop_tid = (__u32)bpf_get_current_pid_tgid();
	if (!clocks_run())
		return;
	queued_on = cpu_at(life->hop_cpu);
	if (queued_on)
		__sync_fetch_and_add(&queued_on->waiting, -1);
	if (life->hop_cpu == here && life->hop_started_ns - life->hop_queued_ns <= LONGEST_WAIT_NS)
		wait_ends(&clocks, &life->hop_wait);
	else
		wait_unknown(&life->hop_wait);
	life->hop_cpu = here;
}

/* A work that completes no direct I/O by itself. */
static __noinline int other_work_queued(struct probe_cpu *cpu, struct work_struct *work)
{
	__u64 now = probe_settings.layers ? bpf_ktime_get_ns() : 0;
	__u64 function = (__u64)read_kernel(work, func);
	struct probe_link *link;

	if (any_deliverers())
		deliverer_queued(cpu, function, iocb_key(cpu, PROBE_KEY_QUEUE, work));
	if (!probe_settings.files_stack && !probe_settings.layers)
		return 0;
	link = link_of_work(function);
	if (!link)
		return 0;
	if (link->to == PROBE_LINK_KIOCB)
		hop_queued(cpu, link, work);
	else if (probe_settings.layers)
		layer_work_queued(cpu, link, work, now);
	return 0;
}

static __noinline int other_work_started(struct probe_cpu *cpu, enum probe_key_user user, struct work_struct *work)
{
	__u64 now = probe_settings.layers ? bpf_ktime_get_ns() : 0;
	__u64 function = (__u64)read_kernel(work, func);
	struct probe_link *link;

	if (any_deliverers())
		deliverer_started(cpu, function, iocb_key(cpu, user % PROBE_KEY_USERS, work));
	if (!probe_settings.files_stack && !probe_settings.layers)
		return 0;
	link = link_of_work(function);
	if (!link)
		return 0;
	if (link->to == PROBE_LINK_KIOCB)
		hop_started(cpu, user % PROBE_KEY_USERS, link, work);
	else if (probe_settings.layers)
		layer_work_started(cpu, user % PROBE_KEY_USERS, link, work, now);
	return 0;
}

SEC("?tp_btf/workqueue_queue_work")
int BPF_PROG(work_queued, int requested_cpu, struct pool_workqueue *pool, struct work_struct *work)
{
	struct kiocb *iocb = iocb_of_work(work);
	struct probe_cpu *cpu;
	struct probe_io *io;

	cpu = this_cpu();
	if (!cpu)
		return 0;
	if (!iocb)
		return other_work_queued(cpu, work);
	io = io_of_iocb(cpu, PROBE_KEY_QUEUE, iocb);
	if (!io)
		return 0;
	/* end_io queues the work: where it cannot be probed, this still shows where it ran. */
	if (!(io->facts & PROBE_FACT_END_SEEN))
		end_must_be_here(slot_of(io), cpu);
	if (!probe_settings.activations_seen && is_at_limit(pool))
		life_of(io)->marks |= PROBE_LIFE_AT_LIMIT;
	io->queued_ns = read_clocks(cpu, queue_wait_of(io));
	if (clocks_run())
		__sync_fetch_and_add(&cpu->waiting, 1);
	return 0;
}

/* Its workqueue ran as many as it may until now: from now on it waits for the CPU. */
static __always_inline int waited_at_limit(struct probe_cpu *cpu, struct probe_io *io)
{
	struct probe_life *life = life_of(io);

	life->marks |= PROBE_LIFE_AT_LIMIT;
	if (!clocks_run() || io->end_cpu != bpf_get_smp_processor_id())
		return 0;
	life->marks |= PROBE_LIFE_ACTIVATED;
	read_clocks(cpu, queue_wait_of(io));
	return 0;
}

static __always_inline int work_activates(struct work_struct *work)
{
	struct kiocb *iocb = iocb_of_work(work);
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;

	if (!cpu || !iocb)
		return 0;
	io = io_of_iocb(cpu, PROBE_KEY_ACTIVATE, iocb);
	return io && io->queued_ns ? waited_at_limit(cpu, io) : 0;
}

/* Only works that had to wait come here. Until 6.8 it was the other one. */
SEC("?fentry/__pwq_activate_work")
int BPF_PROG(waiting_work_activated, struct pool_workqueue *pool, struct work_struct *work)
{
	return work_activates(work);
}

SEC("?fentry/pwq_activate_inactive_work")
int BPF_PROG(inactive_work_activated, struct work_struct *work)
{
	return work_activates(work);
}

/* All works come here, also those that are activated where they are queued: the tracepoint for that is later. */
SEC("?tp_btf/workqueue_activate_work")
int BPF_PROG(work_activated, struct work_struct *work)
{
	struct kiocb *iocb = iocb_of_work(work);
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;

	if (!cpu || !iocb)
		return 0;
	io = io_of_iocb(cpu, PROBE_KEY_ACTIVATE, iocb);
	if (!io || io->kind < PROBE_RECORD_LIFE || !(((struct probe_life *)io)->marks & PROBE_LIFE_AT_LIMIT))
		return 0;
	return waited_at_limit(cpu, io);
}

/* A work is queued on the CPU where end_io ran. */
static __always_inline void waits_no_more(struct probe_io *io)
{
	struct probe_cpu *cpu = cpu_at(io->end_cpu);

	if (cpu)
		__sync_fetch_and_add(&cpu->waiting, -1);
}

static __always_inline void queue_wait_ends(struct probe_io *io, const struct probe_occupied *clocks)
{
	bool is_known = io->worker_cpu == io->end_cpu && io->started_ns - io->queued_ns <= LONGEST_WAIT_NS;

	if (!clocks_run() || !io->queued_ns)
		return;
	waits_no_more(io);
	if (!is_known) {
		wait_unknown(queue_wait_of(io));
		if (io->kind >= PROBE_RECORD_LIFE)
			((struct probe_life *)io)->marks &= ~PROBE_LIFE_ACTIVATED;
	} else {
		wait_ends(clocks, queue_wait_of(io));
		now_waited(io);
	}
}

static __always_inline void io_work_starts(struct probe_cpu *cpu, enum probe_key_user user, struct kiocb *iocb,
					   __u32 tid, __u64 now, const struct probe_occupied *clocks)
{
	struct probe_io *io = io_of_iocb(cpu, user, iocb);

	/* Both saw it, after all. */
	if (user == PROBE_KEY_START_WITNESS && io && io->started_ns && io->started_ns >= io->queued_ns)
		return;
	cpu->works++;
	if (!cpu->run_works++)
		cpu->worker_runs++;
	if (!io)
		return;
	io->started_ns = now;
	io->worker_cpu = bpf_get_smp_processor_id();
	io->worker_tid = tid;
	if (cpu->standing_tid == io->submitter_tid)
		io->facts |= PROBE_FACT_PREEMPTED_SUBMITTER;
	queue_wait_ends(io, clocks);
}

static __always_inline int work_starts(struct probe_cpu *cpu, enum probe_key_user user, struct work_struct *work)
{
	struct kiocb *iocb = iocb_of_work(work);
	struct task_struct *task = current_task();
	struct occupant occupant = { .kind = PROBE_OCCUPANT_COMPLETION_WORK };
	struct probe_occupied clocks;
	__u32 tid;
	__u64 now;

	if (!is_kworker(task))
		return 0;
	tid = read_kernel(task, pid);
	if (iocb) {
		now = read_clocks(cpu, &clocks);
		io_work_starts(cpu, user, iocb, tid, now, &clocks);
	} else if (clocks_run()) {
		other_work_started(cpu, user, work);
		now = charge_until_now(cpu);
		occupant = occupant_of_worker(cpu, task);
	} else {
		return other_work_started(cpu, user, work);
	}
	occupy_as(cpu, occupant, tid, on_cpu_since(cpu, now));
	return 0;
}

SEC("?tp_btf/workqueue_execute_start")
int BPF_PROG(work_started, struct work_struct *work)
{
	struct probe_cpu *cpu = this_cpu_with_word(PROBE_WITNESSED_START, work);

	return cpu ? work_starts(cpu, PROBE_KEY_START, work) : 0;
}

SEC("?tp_btf/workqueue_execute_start")
int BPF_PROG(work_start_witnessed, struct work_struct *work)
{
	struct probe_cpu *cpu = this_cpu_without_word(PROBE_WITNESSED_START, PROBE_KEY_START_WITNESS, work);

	return cpu ? work_starts(cpu, PROBE_KEY_START_WITNESS, work) : 0;
}

SEC("?tp_btf/workqueue_execute_end")
int BPF_PROG(work_ended)
{
	struct probe_cpu *cpu = this_cpu();
	struct occupant occupant = { .kind = PROBE_OCCUPANT_WORKER_SWITCH };
	__u64 now;

	if (!cpu || !is_kworker(current_task()))
		return 0;
	now = charge_until_now(cpu);
	emit_occupancy(cpu, now);
	if (cpu->task_occupant == PROBE_OCCUPANT_OTHER_TASK)
		occupant.kind = PROBE_OCCUPANT_OTHER_TASK;
	occupy_as(cpu, occupant, cpu->occupant_tid, on_cpu_since(cpu, now));
	return 0;
}

#endif
