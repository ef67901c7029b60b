/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of a process or a thread, by its number; how that spreads to children, and ends. */
#ifndef MARKS_BPF_H
#define MARKS_BPF_H

#include "kernel_flavours.bpf.h"

/*
 * Traced processes (--pid, and COMMAND with its children) and submitting
 * threads. Each byte is written by its own task, or before that runs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_marks);
} probe_marks SEC(".maps");

/* Bits of enum probe_mark. */
static __always_inline __u8 *marks_of(__u32 task)
{
	__u32 index = task / PROBE_MARKS;
	struct probe_marks *marks = bpf_map_lookup_elem(&probe_marks, &index);

	return marks ? &marks->task[task % PROBE_MARKS] : 0;
}

/* Is this process traced? */
static __always_inline bool task_passes(__u32 tgid)
{
	__u8 *marks = marks_of(tgid);

	return marks && *marks & PROBE_MARK_TRACED;
}

/* Children of a traced process are traced. */
SEC("?tp_btf/sched_process_fork")
int BPF_PROG(process_forked, struct task_struct *parent, struct task_struct *child)
{
	__u8 *marks;

	if (!task_passes(read_kernel(parent, tgid)))
		return 0;
	marks = marks_of(read_kernel(child, tgid));
	if (marks)
		*marks |= PROBE_MARK_TRACED;
	return 0;
}

/* Numbers are used again: a process's once its leader is gone for good. */
SEC("?tp_btf/sched_process_free")
int BPF_PROG(process_freed, struct task_struct *task)
{
	__u8 *marks = marks_of(read_kernel(task, pid));

	if (marks && *marks)
		*marks = 0;
	return 0;
}

#endif
