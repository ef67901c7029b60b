/* SPDX-License-Identifier: GPL-2.0-only */
/* What the CPU is doing when an I/O's function runs on it: its interrupts, softirqs and tasks. */
#ifndef CPUS_BPF_H
#define CPUS_BPF_H

#include "delivery.bpf.h"
#include "quotas.bpf.h"
#include "self_test.bpf.h"
#include "submissions.bpf.h"

/* ---- hard interrupts ---- */

static __always_inline void hardirq_begins(struct probe_cpu *cpu, __u64 now)
{
	charge_until(cpu, now);
	if (cpu->occupant != PROBE_OCCUPANT_HARDIRQ)
		cpu->interrupted_occupant = cpu->occupant;
	cpu->occupant = PROBE_OCCUPANT_HARDIRQ;
}

static __always_inline void hardirq_ends(struct probe_cpu *cpu)
{
	if (clocks_run())
		charge_until(cpu, bpf_ktime_get_ns());
	if (cpu->occupant == PROBE_OCCUPANT_HARDIRQ)
		cpu->occupant = cpu->interrupted_occupant;
}

SEC("?tp_btf/irq_handler_entry")
int BPF_PROG(irq_entered, int irq)
{
	struct probe_cpu *cpu = this_cpu();

	if (!cpu)
		return 0;
	cpu->irq = irq;
	cpu->irq_ends = 0;
	cpu->irq_entered_ns = bpf_ktime_get_ns();
	hardirq_begins(cpu, cpu->irq_entered_ns);
	test_context(cpu, PROBE_TEST_HARDIRQ);
	return 0;
}

SEC("?tp_btf/irq_handler_exit")
int BPF_PROG(irq_left, int irq, struct irqaction *action, int ret)
{
	struct probe_cpu *cpu = this_cpu();

	if (!cpu)
		return 0;
	if (ret & IRQ_WAKE_THREAD)
		wakes_thread(cpu);
	cpu->irq_entered_ns = 0;
	hardirq_ends(cpu);
	return 0;
}

/*
 * A CPU's own timer, on x86, has no irq_handler_entry. Nor have calls from other
 * CPUs: they stay with whom they interrupt. The kernel makes such calls to
 * switch a tracepoint on, and one in the call itself hung an emulated 5.10.
 */
SEC("?tp_btf/local_timer_entry")
int BPF_PROG(timer_entered)
{
	struct probe_cpu *cpu = this_cpu();

	if (cpu)
		hardirq_begins(cpu, bpf_ktime_get_ns());
	return 0;
}

SEC("?tp_btf/local_timer_exit")
int BPF_PROG(timer_left)
{
	struct probe_cpu *cpu = this_cpu();

	if (cpu)
		hardirq_ends(cpu);
	return 0;
}

/* ---- softirqs ---- */

SEC("?tp_btf/softirq_entry")
int BPF_PROG(softirq_entered, __u32 vector)
{
	struct probe_cpu *cpu = this_cpu();
	__u64 now;

	if (!cpu)
		return 0;
	now = charge_until_now(cpu);
	cpu->occupant = PROBE_OCCUPANT_SOFTIRQ;
	softirq_delivers(cpu, vector, now);
	test_context(cpu, PROBE_TEST_SOFTIRQ);
	return 0;
}

SEC("?tp_btf/softirq_exit")
int BPF_PROG(softirq_left)
{
	struct probe_cpu *cpu = this_cpu();

	if (!cpu)
		return 0;
	cpu->softirq_entered_ns = 0;
	if (clocks_run())
		charge_until_now(cpu);
	cpu->occupant = cpu->task_occupant;
	return 0;
}

/* ---- tasks ---- */

/* A submitter that a kworker took the CPU from stands until that kworker is done. */
static __always_inline void note_standing(struct probe_cpu *cpu, bool preempted, bool to_worker, __u64 now)
{
	bool stands = cpu->task_occupant == PROBE_OCCUPANT_SUBMITTER && preempted && to_worker;

	if (cpu->standing_tid && cpu->run_works)
		cpu->submitter_displaced_ns += now - cpu->switched_ns;
	cpu->standing_tid = stands ? cpu->occupant_tid : 0;
}

/* How often a task was switched from: the kernel counts that before the tracepoint. */
static __always_inline __u64 switches_of(struct task_struct *task)
{
	return read_kernel(task, nvcsw) + read_kernel(task, nivcsw);
}

/* Where a submitter is switched from, for whichever CPU gets it next. */
static __noinline int mark_cpu(struct probe_cpu *cpu)
{
	__u8 *marks = marks_of(cpu->occupant_tid);

	if (marks)
		*marks = (*marks & (PROBE_MARK_TRACED | PROBE_MARK_SUBMITTER)) |
			 bpf_get_smp_processor_id() % PROBE_MARK_CPUS << PROBE_MARK_CPU_SHIFT;
	return 0;
}

static __always_inline void submitter_leaves(struct probe_cpu *cpu, struct task_struct *task, bool runnable, __u64 now)
{
	/* What an earlier submitter, or this one in an earlier sleep, has not reaped is no longer known. */
	if (cpu->unreaped)
		__sync_fetch_and_add(&cpu->unreaped, -*(volatile __u64 *)&cpu->unreaped);
	cpu->submitter_left_tid = cpu->occupant_tid;
	cpu->submitter_left_ns = now;
	cpu->submitter_left_runnable = runnable;
	cpu->submitter_left_switches = switches_of(task);
	if (!cpu->is_marked_here)
		mark_cpu(cpu);
}

/*
 * Where a submitter that gets this CPU was last switched from. With more CPUs
 * than a mark can distinguish, only those near by are found.
 */
static __always_inline struct probe_cpu *submitter_left(struct probe_cpu *here, const __u8 *marks)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 left = *marks >> PROBE_MARK_CPU_SHIFT;

	here->is_marked_here = left == cpu % PROBE_MARK_CPUS;
	return here->is_marked_here ? here : cpu_at(cpu - cpu % PROBE_MARK_CPUS + left);
}

/*
 * A submitter that gets a CPU again finds the I/Os that were completed
 * meanwhile. They are noted at the CPU that it left. Had it run since, they
 * would be of an earlier sleep: the number of switches shows that it had not.
 */
static __always_inline void note_reaps(struct probe_cpu *here, struct probe_cpu *cpu, struct task_struct *task,
				       __u32 tid, __u64 now)
{
	__u64 unreaped, ios, sum, ran_ns;

	if (!cpu || !cpu->unreaped || cpu->submitter_left_tid != tid)
		return;
	unreaped = *(volatile __u64 *)&cpu->unreaped;
	__sync_fetch_and_add(&cpu->unreaped, -unreaped);
	ios = unreaped >> PROBE_UNREAPED_SHIFT;
	sum = unreaped & ((1ULL << PROBE_UNREAPED_SHIFT) - 1);
	ran_ns = ios * (now - cpu->submitter_left_ns);
	if (cpu->submitter_left_switches != switches_of(task) || ran_ns < sum)
		return;
	here->reaps += ios;
	here->reap_ns += ran_ns - sum;
}

/*
 * Not the task leaves that came last: its leaving was not seen, nor what was done
 * in its interrupts. There are kernels that run no BPF in some process's context.
 */
static __always_inline void note_unseen(struct probe_cpu *cpu, __u32 leaving, __u64 now)
{
	if (leaving == cpu->occupant_tid)
		return;
	cpu->unseen_runs++;
	cpu->unseen_ns += now - cpu->task_occupied_since_ns;
	cpu->unseen_tid = cpu->occupant_tid;
}

SEC("?tp_btf/sched_switch")
int BPF_PROG(task_switched, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct occupant occupant = { .kind = PROBE_OCCUPANT_IDLE };
	bool runnable = task_is_runnable(prev);
	struct probe_cpu *cpu = this_cpu();
	__u32 tid = read_kernel(next, pid);
	bool to_worker = false;
	__u8 *marks = 0;
	__u64 now;

	if (!cpu)
		return 0;
	now = bpf_ktime_get_ns();
	charge_until(cpu, now);
	note_unseen(cpu, read_kernel(prev, pid), now);
	test_context(cpu, PROBE_TEST_TASK);
	emit_occupancy(cpu, now);
	if (tid) {
		to_worker = read_kernel(next, flags) & PF_WQ_WORKER;
		if (to_worker) {
			occupant = occupant_of_worker(cpu, next);
		} else {
			marks = marks_of(tid);
			occupant.kind = occupant_marked(marks);
		}
	}
	note_standing(cpu, runnable, to_worker, now);
	cpu->switched_ns = now;
	cpu->run_works = 0;
	if (cpu->task_occupant == PROBE_OCCUPANT_SUBMITTER) {
		submitter_leaves(cpu, prev, runnable, now);
		if (cpu->begun_ns && cpu->begun_tid == cpu->occupant_tid && !runnable && !preempt)
			submission_suspended(cpu, prev, now);
	}
	if (marks && occupant.kind == PROBE_OCCUPANT_SUBMITTER) {
		struct probe_cpu *left = submitter_left(cpu, marks);

		cpu->submitter_runs++;
		cpu->submitter_waits = 0;
		if (cpu->unstopped_ns)
			note_stop(cpu, left, next, now);
		note_reaps(cpu, left, next, tid, now);
		if (may_have_been_suspended(cpu, left, tid))
			submission_resumed(cpu, left, tid, now);
	}
	occupy_as(cpu, occupant, tid, now);
	return 0;
}

#endif
