/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the kernel says by itself what the CPU is doing, the probes read it too:
 * a kernel that keeps it elsewhere is noticed by what they read there, and no
 * context of an I/O is believed.
 */
#ifndef SELF_TEST_BPF_H
#define SELF_TEST_BPF_H

#include "this_cpu.bpf.h"

static __always_inline bool is_read_right(enum probe_context context, enum probe_test test)
{
	if (test == PROBE_TEST_HARDIRQ)
		return context == PROBE_CONTEXT_HARDIRQ;
	if (test == PROBE_TEST_SOFTIRQ)
		return is_softirq(context);
	/* PREEMPT_RT switches between tasks in the midst of a softirq that one of them serves. */
	if (context == PROBE_CONTEXT_KSOFTIRQD)
		return is_real_time();
	return context != PROBE_CONTEXT_HARDIRQ && context != PROBE_CONTEXT_SOFTIRQ;
}

/* In a hard interrupt: which bits of preempt_count say so? Where they are not moved to, there is nothing. */
static __always_inline void find_hardirq_bits(struct probe_cpu *cpu)
{
	int count = interrupts_counted(cpu);

	if (count & HARDIRQ_MOVED)
		cpu->hardirq_mask = HARDIRQ_MOVED;
	else if (count & HARDIRQ_USUAL)
		cpu->hardirq_mask = HARDIRQ_USUAL;
}

static __noinline int read_context(struct probe_cpu *cpu, __u32 test)
{
	if (test >= PROBE_TESTS)
		return 0;
	if (test == PROBE_TEST_HARDIRQ && !cpu->hardirq_mask)
		find_hardirq_bits(cpu);
	cpu->tests[test]++;
	if (!is_read_right(current_context(cpu), test))
		cpu->misread[test]++;
	return 0;
}

/* Called where it is known. */
static __always_inline void test_context(struct probe_cpu *cpu, enum probe_test test)
{
	if (cpu->tests[test] < PROBE_TEST_READINGS)
		read_context(cpu, test);
}

#endif
