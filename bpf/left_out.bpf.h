/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose I/Os the filters leave out: the first processes by number, for a recording that has hardly anything else. */
#ifndef LEFT_OUT_BPF_H
#define LEFT_OUT_BPF_H

#include "filters.bpf.h"
#include "probe_tallies.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MAX_LEFT_OUT);
	__type(key, __u32);		/* tgid */
	__type(value, struct probe_left_out);
} probe_left_out SEC(".maps");

static __noinline int count_left_out(__u32 tgid)
{
	struct probe_left_out *known = bpf_map_lookup_elem(&probe_left_out, &tgid);
	struct probe_left_out first = { .ios = 1 };

	if (known) {
		__sync_fetch_and_add(&known->ios, 1);
		return 0;
	}
	bpf_get_current_comm(first.comm, sizeof(first.comm));
	bpf_map_update_elem(&probe_left_out, &tgid, &first, BPF_NOEXIST);
	return 0;
}

#endif
