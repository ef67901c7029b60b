/* SPDX-License-Identifier: GPL-2.0-only */
/* What the CPU is doing when an I/O's function runs on it, and whose children are traced. */
#ifndef CPUS_BPF_H
#define CPUS_BPF_H

#include "filters.bpf.h"

SEC("?tp_btf/irq_handler_entry")
int irq_entered(__u64 *ctx)
{
	struct probe_cpu *cpu = this_cpu();

	if (!cpu)
		return 0;
	cpu->irq = (__u32)ctx[0];
	cpu->irq_ends = 0;
	cpu->irq_entered_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/irq_handler_exit")
int irq_left(__u64 *ctx)
{
	struct probe_cpu *cpu = this_cpu();

	if (cpu)
		cpu->irq_entered_ns = 0;
	return 0;
}

/* Those softirqs that complete block I/O. */
#define BLOCK_SOFTIRQ		4
#define IRQ_POLL_SOFTIRQ	5

SEC("?tp_btf/softirq_entry")
int softirq_entered(__u64 *ctx)
{
	__u32 vector = (__u32)ctx[0];
	struct probe_cpu *cpu;

	if (vector != BLOCK_SOFTIRQ && vector != IRQ_POLL_SOFTIRQ)
		return 0;
	cpu = this_cpu();
	if (!cpu)
		return 0;
	cpu->softirq_ends = 0;
	cpu->softirq_entered_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/softirq_exit")
int softirq_left(__u64 *ctx)
{
	struct probe_cpu *cpu = this_cpu();

	if (cpu)
		cpu->softirq_entered_ns = 0;
	return 0;
}

SEC("?tp_btf/sched_switch")
int task_switched(__u64 *ctx)
{
	struct task_struct *prev = ARG(1);
	struct task_struct *next = ARG(2);
	struct probe_cpu *cpu = this_cpu();

	if (!cpu)
		return 0;
	cpu->switched_from_tid = read_kernel(prev, pid);
	cpu->switched_to_tid = read_kernel(next, pid);
	cpu->switched_preempted = task_is_runnable(prev);
	return 0;
}

/* Children of a traced process are traced. */
SEC("?tp_btf/sched_process_fork")
int process_forked(__u64 *ctx)
{
	struct task_struct *parent = ARG(0);
	struct task_struct *child = ARG(1);
	__u8 *mark;

	if (!task_passes(read_kernel(parent, tgid)))
		return 0;
	mark = traced_mark(read_kernel(child, tgid));
	if (mark)
		*mark = 1;
	return 0;
}

/* A process number can be used again once its leader is gone for good. */
SEC("?tp_btf/sched_process_free")
int process_freed(__u64 *ctx)
{
	struct task_struct *task = ARG(0);
	__u32 tgid = read_kernel(task, tgid);
	__u8 *mark;

	if (read_kernel(task, pid) != tgid)
		return 0;
	mark = traced_mark(tgid);
	if (mark && *mark)
		*mark = 0;
	return 0;
}

#endif
