/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From where the device was done to where end_io's context began, where that is
 * not one interrupt: a softirq from its raise, also on another CPU; an
 * interrupt's thread from the hard interrupt that woke it.
 */
#ifndef DELIVERY_BPF_H
#define DELIVERY_BPF_H

#include "occupants.bpf.h"

/* When the device was found to be done, here and now: in a hard interrupt that is when it came. */
static __always_inline __u64 raise_here(struct probe_cpu *cpu, struct probe_occupied *clocks)
{
	__u64 now = read_clocks(cpu, clocks);
	__u64 entered = cpu->irq_entered_ns;

	if (!entered)
		return now;
	/* All since then was that interrupt's. */
	clocks->ns[PROBE_OCCUPANT_HARDIRQ] -= now - entered;
	return entered;
}

/* ---- interrupts with a thread ---- */

#define IRQ_RAISES	8
#define IRQS		2048

/* By number in /proc/interrupts. Written by its hard interrupt, which never runs twice at a time, and by its thread. */
struct probe_irq {
	__u64 raised_ns[IRQ_RAISES];		/* the last ones that woke the thread, by number modulo their count */
	struct probe_occupied clocks[IRQ_RAISES];
	__u32 cpu[IRQ_RAISES];
	__u32 raises;
	__u32 served_cpu;
	__u64 served_ns;			/* when the thread called the handler last */
	__u64 served_before_ns;			/* and the time before that */
	struct probe_occupied served_clocks;
	__u32 ends;				/* end_io calls since */
	__u32 is_forced;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IRQS);
	__type(key, __u32);
	__type(value, struct probe_irq);
} probe_irqs SEC(".maps");

static __always_inline struct probe_irq *irq_at(__u32 number)
{
	return bpf_map_lookup_elem(&probe_irqs, &number);
}

/* The hard interrupt of this CPU leaves the work to its thread. The clocks still stand as at its entry. */
static __noinline int wakes_thread(struct probe_cpu *cpu)
{
	struct probe_irq *irq = irq_at(cpu->irq);
	__u32 place;

	if (!irq)
		return 0;
	place = irq->raises % IRQ_RAISES;
	copy_clocks(cpu, &irq->clocks[place]);
	irq->cpu[place] = bpf_get_smp_processor_id();
	irq->raised_ns[place] = cpu->irq_entered_ns;
	irq->raises++;
	cpu->delivery_waits = 1;
	return 0;
}

/* Newer kernels call irq_thread_fn from irq_forced_thread_fn: that is one run of the handler, and not two. */
static __always_inline int thread_serves(struct irqaction *action, bool is_forced)
{
	struct probe_irq *irq = irq_at(read_kernel(action, irq));
	struct probe_cpu *cpu = this_cpu();

	if (!irq || !cpu || (irq->is_forced && !is_forced))
		return 0;
	irq->is_forced = is_forced;
	irq->served_before_ns = irq->served_ns;
	irq->ends = 0;
	cpu->delivery_waits = 0;
	irq->served_cpu = bpf_get_smp_processor_id();
	irq->served_ns = read_clocks(cpu, &irq->served_clocks);
	return 0;
}

SEC("?fentry/irq_thread_fn")
int BPF_PROG(thread_served, struct irq_desc *desc, struct irqaction *action)
{
	return thread_serves(action, false);
}

/* threadirqs, and PREEMPT_RT */
SEC("?fentry/irq_forced_thread_fn")
int BPF_PROG(forced_thread_served, struct irq_desc *desc, struct irqaction *action)
{
	return thread_serves(action, true);
}

/*
 * Several hard interrupts may have come before the thread had the CPU. Which of
 * them was this I/O's is unknown: it counts from the first one after it was
 * issued that an earlier run of the handler cannot have served.
 */
static __always_inline __u32 raise_of(const struct probe_irq *irq, __u64 issued_ns)
{
	__u64 after = irq->served_before_ns > issued_ns ? irq->served_before_ns : issued_ns;
	__u64 first = ~0ULL;
	__u32 found = IRQ_RAISES;

	for (__u32 place = 0; place < IRQ_RAISES; place++) {
		__u64 raised = irq->raised_ns[place];

		if (raised < after || !raised || raised >= first)
			continue;
		first = raised;
		found = place;
	}
	return found;
}

/* end_io runs in the thread of an interrupt. */
verified_once_with_memory int thread_delivers(struct probe_deep *slot)
{
	struct task_struct *task = current_task();
	struct irqaction *action = cast_kernel(struct irqaction, read_kernel(kthread_of(task), data));
	__u32 number = read_kernel(action, irq);
	struct probe_irq *irq = irq_at(number);
	struct probe_io *io = io_in(slot);
	struct probe_life *life;
	__u32 place;

	if (!slot)
		return 0;
	io->irq = number;
	if (!irq)
		return 0;
	io->irq_batch = ++irq->ends;
	io->interrupted_ns = irq->served_ns;
	place = raise_of(irq, io->issued_ns);
	if (place >= IRQ_RAISES)
		return 0;
	life = life_of(io);
	life->marks |= PROBE_LIFE_FORCED_THREAD;
	life->raise_cpu = irq->cpu[place];
	life->raised_ns = irq->raised_ns[place];
	if (life->raised_ns > irq->served_ns) {
		/* It came while the thread was at it. */
		io->interrupted_ns = life->raised_ns;
		return 0;
	}
	if (!clocks_run() || irq->cpu[place] != irq->served_cpu || irq->served_ns - life->raised_ns > LONGEST_WAIT_NS)
		return 0;
	life->delivery_wait = irq->clocks[place];
	wait_ends(&irq->served_clocks, &life->delivery_wait);
	return 0;
}

/* ---- softirqs ---- */

/* Timers, scheduling and RCU raise theirs all the time, and complete no I/O. */
#define NO_DELIVERY	(1 << 1 | 1 << 2 | 1 << 7 | 1 << 9)

static __always_inline bool delivers(__u32 vector)
{
	return vector < PROBE_SOFTIRQS && !(1 << vector & NO_DELIVERY);
}

SEC("?tp_btf/softirq_raise")
int BPF_PROG(softirq_raised, __u32 vector)
{
	struct probe_cpu *cpu;

	if (!delivers(vector))
		return 0;
	cpu = this_cpu();
	/* The first one counts: the others find it pending. */
	if (!cpu || cpu->raise_ns[vector])
		return 0;
	cpu->raise_ns[vector] = raise_here(cpu, &cpu->raise_clocks[vector]);
	cpu->delivery_waits = 1;
	return 0;
}

/* It is run: what was raised is delivered now. */
static __always_inline void softirq_delivers(struct probe_cpu *cpu, __u32 vector, __u64 now)
{
	cpu->softirq_ends = 0;
	cpu->softirq_entered_ns = now;
	cpu->softirq_raised_ns = 0;
	if (!delivers(vector) || !clocks_run())
		return;
	copy_clocks(cpu, &cpu->softirq_clocks);
	if (!cpu->raise_ns[vector])
		return;
	cpu->delivery_waits = 0;
	cpu->softirq_raised_ns = cpu->raise_ns[vector];
	cpu->softirq_raise_clocks = cpu->raise_clocks[vector];
	cpu->raise_ns[vector] = 0;
}

/* A summary has no place for it: there it is part of the device, or each I/O of a softirq would be a record. */
verified_once_with_memory int softirq_delivered(struct probe_deep *slot, struct probe_cpu *cpu)
{
	struct probe_life *life = (struct probe_life *)slot;
	struct probe_io *io = io_in(slot);
	__u32 here = bpf_get_smp_processor_id();
	bool is_known;

	if (probe_settings.summary || !slot || !cpu)
		return 0;
	/* The request's own raise was seen. */
	if (io->kind >= PROBE_RECORD_LIFE && life->marks & PROBE_LIFE_DELIVERY_CLOCKS) {
		life->marks &= ~PROBE_LIFE_DELIVERY_CLOCKS;
		if (life->raise_cpu != here)
			life->marks |= PROBE_LIFE_RAISED_REMOTELY;
		if (life->raised_ns > io->interrupted_ns)
			io->interrupted_ns = life->raised_ns;
		is_known = life->reserved == here && io->interrupted_ns == cpu->softirq_entered_ns;
		life->reserved = 0;
	} else if (cpu->softirq_raised_ns > io->issued_ns) {
		life = life_of(io);
		life->raise_cpu = here;
		life->raised_ns = cpu->softirq_raised_ns;
		life->delivery_wait = cpu->softirq_raise_clocks;
		is_known = true;
	} else {
		return 0;
	}
	if (is_known && clocks_run() && io->interrupted_ns - life->raised_ns <= LONGEST_WAIT_NS)
		wait_ends(&cpu->softirq_clocks, &life->delivery_wait);
	else
		wait_unknown(&life->delivery_wait);
	return 0;
}

/* The thread of an interrupt found it: from the hard interrupt that woke that thread. Who had the CPUs is not known then. */
verified_once_with_memory int thread_raised(struct probe_deep *slot)
{
	struct task_struct *task = current_task();
	struct irqaction *action;
	struct probe_life *life;
	struct probe_irq *irq;
	__u32 place;

	if (!slot || !is_irq_thread(task))
		return 0;
	action = cast_kernel(struct irqaction, read_kernel(kthread_of(task), data));
	irq = irq_at(read_kernel(action, irq));
	if (!irq)
		return 0;
	place = raise_of(irq, io_in(slot)->issued_ns);
	if (place >= IRQ_RAISES)
		return 0;
	life = life_of(io_in(slot));
	life->raise_cpu = irq->cpu[place];
	life->raised_ns = irq->raised_ns[place];
	life->reserved = PROBE_NO_CPU;
	return 0;
}

/*
 * A request that this CPU's interrupt found done is completed in a softirq, here
 * or, called by an interrupt of its own, on the CPU that submitted it.
 */
verified_once_with_memory int io_raise(struct probe_cpu *cpu, struct probe_deep *slot, __u32 submit_cpu)
{
	struct probe_cpu *there = cpu;
	__u32 here = bpf_get_smp_processor_id();
	struct probe_life *life;
	__u64 now;

	if (probe_settings.summary || !cpu || !slot)
		return 0;
	life = life_of(io_in(slot));
	life->raise_cpu = here;
	life->marks |= PROBE_LIFE_DELIVERY_CLOCKS;
	life->reserved = here;
	if (cpu->raise_ns[BLOCK_SOFTIRQ] || submit_cpu == here) {
		life->raised_ns = raise_here(cpu, &life->delivery_wait);
		return cpu->irq_entered_ns ? 0 : thread_raised(slot);
	}
	there = cpu_at(submit_cpu);
	now = there && clocks_run() ? read_remote_clocks(there, &life->delivery_wait) : 0;
	life->reserved = now ? submit_cpu : PROBE_NO_CPU;
	if (!now)
		now = bpf_ktime_get_ns();
	life->raised_ns = cpu->irq_entered_ns ? cpu->irq_entered_ns : now;
	/* Until the other CPU was called, it was this one's interrupt that was waited for. */
	life->delivery_wait.ns[PROBE_OCCUPANT_HARDIRQ] -= now - life->raised_ns;
	return cpu->irq_entered_ns ? 0 : thread_raised(slot);
}

#endif
