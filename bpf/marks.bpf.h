/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of a process or a thread, by its number. */
#ifndef MARKS_BPF_H
#define MARKS_BPF_H

#include "slots.bpf.h"

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

#endif
