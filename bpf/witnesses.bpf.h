/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel skips a program on a CPU where a run of it has not ended: that
 * was interrupted, or since 7.0 its task lost the CPU. A witness is a second
 * program at the same place, which does what was skipped. The program leaves
 * word of what it ran for, as on a stack: between the two another pair may
 * run, in an interrupt or another task.
 */
#ifndef WITNESSES_BPF_H
#define WITNESSES_BPF_H

#include "this_cpu.bpf.h"

static __always_inline bool has_witness(enum probe_witnessed program)
{
	return probe_settings.witnessed & 1u << program;
}

static __always_inline void leave_word(struct probe_cpu *cpu, enum probe_witnessed program, const void *of)
{
	volatile __u64 *seen = cpu->seen[program];

	if (!has_witness(program))
		return;
	seen[1] = seen[0];
	seen[0] = (__u64)of;
}

/* - of: as a number. */
static __always_inline bool take_word(struct probe_cpu *cpu, enum probe_witnessed program, __u64 of)
{
	volatile __u64 *seen = cpu->seen[program];

	if (seen[0] != of)
		return false;
	seen[0] = seen[1];
	seen[1] = 0;
	return true;
}

/* For the witness at a tracepoint, which is attached and so run after the program. */
static __always_inline bool was_skipped(struct probe_cpu *cpu, enum probe_witnessed program, __u64 of)
{
	if (take_word(cpu, program, of))
		return false;
	__sync_fetch_and_add(&cpu->witnessed, 1);
	return true;
}

/* For both at a function's entry, where the kernel decides which one is first: the other finds its word. */
static __always_inline bool was_done(struct probe_cpu *cpu, enum probe_witnessed program, __u64 of)
{
	if (take_word(cpu, program, of))
		return true;
	leave_word(cpu, program, (const void *)of);
	return false;
}

#endif
