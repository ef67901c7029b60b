/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between processors that BTF does not tell. What it does tell is asked where
 * programs are chosen (ProbePlan.swift): a processor whose own timer is no ordinary interrupt has
 * tracepoints for it, and one that keeps preempt_count with the task has a member for it.
 */
#ifndef PROCESSOR_BPF_H
#define PROCESSOR_BPF_H

#if defined(__TARGET_ARCH_x86)
#define O_DIRECT	00040000
#elif defined(__TARGET_ARCH_arm64)
#define O_DIRECT	00200000
#else
#error "which bit is O_DIRECT on this processor?"
#endif

#ifdef PROBE_INFER_CONTEXT

/* From the handlers that were seen to begin and not to end. */
static __always_inline int preempt_count(const struct probe_cpu *cpu)
{
	if (cpu->occupant == PROBE_OCCUPANT_HARDIRQ)
		return hardirq_mask(cpu);
	return cpu->occupant == PROBE_OCCUPANT_SOFTIRQ ? SOFTIRQ_SERVING : 0;
}

#elif defined(__TARGET_ARCH_x86) && defined(PROBE_MODERN)

/* 64701838bf05 (6.2) put it into pcpu_hot, and 46e8fff6d45f (6.15) took it out again. */
extern const struct pcpu_hot pcpu_hot __ksym __weak;
extern const int __preempt_count __ksym __weak;

static __always_inline int preempt_count(const struct probe_cpu *cpu)
{
	if (&__preempt_count)
		return *(const int *)bpf_this_cpu_ptr(&__preempt_count);
	if (&pcpu_hot)
		return ((const struct pcpu_hot *)bpf_this_cpu_ptr(&pcpu_hot))->preempt_count;
	return 0;
}

#elif defined(__TARGET_ARCH_x86)

/* 5.10's BTF has no per-CPU variables, so by address: the CPU's base and the offset in it. */
extern const void __preempt_count __ksym;
extern const void __per_cpu_offset __ksym;

static __always_inline int preempt_count(const struct probe_cpu *cpu)
{
	const __u64 *bases = (const __u64 *)&__per_cpu_offset;
	__u64 base = 0;
	int count = 0;

	bpf_probe_read_kernel(&base, sizeof(base), bases + bpf_get_smp_processor_id());
	bpf_probe_read_kernel(&count, sizeof(count), (const void *)(base + (__u64)&__preempt_count));
	return count;
}

#else

/* With the task. On arm64 what needs rescheduling is in the same word, above it. */
static __always_inline int preempt_count(const struct probe_cpu *cpu)
{
	struct task_struct___counting *task = (void *)current_task();

	return read_kernel(task, thread_info.preempt_count);
}

#endif

#endif
