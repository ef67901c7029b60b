/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of each CPU: what runs on it, its clocks, its counters (struct probe_cpu). */
#ifndef THIS_CPU_BPF_H
#define THIS_CPU_BPF_H

#include "kernel_flavours.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_cpu);
} probe_cpus SEC(".maps");

static __always_inline struct probe_cpu *cpu_at(__u32 index)
{
	return bpf_map_lookup_elem(&probe_cpus, &index);
}

/* State of the CPU that runs the program. */
static __always_inline struct probe_cpu *this_cpu(void)
{
	return cpu_at(bpf_get_smp_processor_id());
}

#endif
