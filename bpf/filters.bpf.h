/* SPDX-License-Identifier: GPL-2.0-only */
/* Which I/Os are recorded; decided once, at submit. */
#ifndef FILTERS_BPF_H
#define FILTERS_BPF_H

#include "marks.bpf.h"

static __always_inline bool task_passes(__u32 tgid)
{
	__u8 *marks = marks_of(tgid);

	return marks && *marks & PROBE_MARK_TRACED;
}

static __always_inline bool comm_passes(void)
{
	__u64 comm[PROBE_COMM_SIZE / 8] = {};
	const volatile __u64 *wanted = (const volatile __u64 *)probe_settings.comm;

	bpf_get_current_comm(comm, sizeof(comm));
	return comm[0] == wanted[0] && comm[1] == wanted[1];
}

static __always_inline bool device_passes(__u32 dev)
{
	for (__u32 i = 0; i < PROBE_MAX_DEVICES; i++)
		if (i < probe_settings.device_count && probe_settings.devices[i] == dev)
			return true;
	return false;
}

static __always_inline bool io_passes(__u32 tgid, __u32 dev, __u64 inode)
{
	if (probe_settings.filter_task && !task_passes(tgid))
		return false;
	if (probe_settings.device_count && !device_passes(dev))
		return false;
	if (probe_settings.filter_inode && probe_settings.inode != inode)
		return false;
	return !probe_settings.filter_comm || comm_passes();
}

/* A number for each I/O, not every n-th: a load may have a rhythm of its own. */
static __always_inline bool is_left_out(void)
{
	return probe_settings.sample_every > 1 && bpf_get_prandom_u32() % probe_settings.sample_every;
}

/* Is anything decided at submit? Then a completion cannot be judged alone. */
static __always_inline bool filtered_at_all(void)
{
	return probe_settings.filter_task || probe_settings.filter_comm ||
	       probe_settings.filter_inode || probe_settings.device_count || probe_settings.sample_every > 1;
}

#endif
