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

#include "slots.bpf.h"

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

/* For the program at a tracepoint: the state of its CPU, where it has left word. */
static __always_inline struct probe_cpu *this_cpu_with_word(enum probe_witnessed program, const void *of)
{
	struct probe_cpu *cpu = this_cpu();

	if (cpu)
		leave_word(cpu, program, of);
	return cpu;
}

/* For its witness, which is attached and so run after it: the same, or NULL where there is nothing left to do. */
static __always_inline struct probe_cpu *this_cpu_without_word(enum probe_witnessed program, enum probe_key_user user,
							       const void *of)
{
	struct probe_cpu *cpu = this_cpu();

	if (!cpu || take_word(cpu, program, iocb_key(cpu, user, of)))
		return 0;
	__sync_fetch_and_add(&cpu->witnessed, 1);
	return cpu;
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
