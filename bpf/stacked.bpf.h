/* SPDX-License-Identifier: GPL-2.0-only */
/* Disks that give their I/O to others, by number: what becomes of it there may not be followed. */
#ifndef STACKED_BPF_H
#define STACKED_BPF_H

#include "slots.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MAX_STACKED);
	__type(key, __u32);
	__type(value, __u32);
} probe_stacked SEC(".maps");

static __always_inline bool is_stacked(__u32 dev)
{
	return probe_settings.stacked_disks && bpf_map_lookup_elem(&probe_stacked, &dev);
}

/* A probe was missed where it came to its own device: what it did until it came to the next one is not known. */
static __always_inline bool is_top_unseen(const struct probe_layered *all)
{
	__u32 first = all->layers[0].dev;

	return first && first != all->life.waited.io.dev && is_stacked(all->life.waited.io.dev);
}

#endif
