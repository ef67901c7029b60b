/* SPDX-License-Identifier: GPL-2.0-only */
/* Which I/Os are recorded; decided once, at submit. */
#ifndef FILTERS_BPF_H
#define FILTERS_BPF_H

#include "issuers.bpf.h"
#include "marks.bpf.h"
#include "this_cpu.bpf.h"

static __always_inline bool comm_passes(void)
{
	__u64 comm[PROBE_COMM_SIZE / 8] = {};
	const volatile __u64 *wanted = (const volatile __u64 *)probe_settings.comm;

	bpf_get_current_comm(comm, sizeof(comm));
	return comm[0] == wanted[0] && comm[1] == wanted[1];
}

/* One disk may have hundreds of volumes, whose I/Os go by their own numbers. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MAX_DEVICES);
	__type(key, __u32);
	__type(value, __u32);
} probe_devices SEC(".maps");

static __always_inline bool device_passes(__u32 dev)
{
	return bpf_map_lookup_elem(&probe_devices, &dev);
}

static __always_inline bool io_passes(__u32 tgid, __u32 dev, __u64 inode)
{
	if (probe_settings.filter_task && !task_passes(tgid))
		return false;
	if (probe_settings.filter_device && !device_passes(dev))
		return false;
	if (probe_settings.filter_inode && probe_settings.inode != inode)
		return false;
	return !probe_settings.filter_comm || comm_passes();
}

/* A number for each I/O, not every n-th: a load may have a rhythm of its own. */
static __always_inline bool is_left_out(void)
{
	if (probe_settings.pauses && pause_state() != PROBE_PAUSE_NONE)
		return true;
	return probe_settings.sample_every > 1 && bpf_get_prandom_u32() % probe_settings.sample_every;
}

static __always_inline bool is_filtered(void)
{
	return probe_settings.filter_task || probe_settings.filter_comm ||
	       probe_settings.filter_inode || probe_settings.filter_device;
}

/*
 * In a pause an I/O that no filter concerns is counted at once. What the kernel begins itself may be
 * part of another: that has to be found out first.
 * - complete: its ki_complete
 * - counts: this program does, where two see the same begin.
 */
static __always_inline bool counted_in_pause(struct probe_cpu *cpu, const void *complete, bool counts)
{
	if (!is_paused() || !cpu)
		return false;
	if (!counts)
		return true;
	if (is_filtered() || !is_users(complete))
		return false;
	__sync_fetch_and_add(&cpu->sampled_out, 1);
	return true;
}

/* Is anything decided at submit? Then a completion cannot be judged alone. */
static __always_inline bool filtered_at_all(void)
{
	return is_filtered() || probe_settings.sample_every > 1;
}

#endif
