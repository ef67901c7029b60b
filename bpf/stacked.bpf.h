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

/*
 * No probe ran where it came to its own device, which gives it to others: what it did until it came
 * to one of them is not known. Layers are cleared at the begin of each I/O.
 */
static __always_inline bool is_top_unseen(const struct probe_layered *all)
{
	const struct probe_io *io = &all->life.waited.io;

	/* A hole that was read, or what failed before, came to no device. */
	return probe_settings.stacked_disks && all->layers[0].dev != io->dev && is_stacked(io->dev) &&
	       (io->issued_ns || io->facts & PROBE_FACT_END_SEEN);
}

#endif
