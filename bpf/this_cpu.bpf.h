/* SPDX-License-Identifier: GPL-2.0-only */
/* The state of each CPU: what runs on it, its clocks, its counters (struct probe_cpu). */
#ifndef THIS_CPU_BPF_H
#define THIS_CPU_BPF_H

#include "kernel_flavours.bpf.h"

#ifdef PROBE_MODERN

/*
 * What nearly every program touches, at an address that is known when it is
 * loaded: no look-up, and no test of what that found. Before 6.2 it is in maps.
 */
struct probe_state {
	struct probe_cpu cpus[PROBE_MAX_CPUS];
	struct probe_bucket buckets[PROBE_NEAR_BUCKETS];	/* not used when there are other than that many */
	__u32 pause;						/* enum probe_pause */
	__u32 ki_complete_unseen;				/* set by user space: its programs are detached */
	__u32 ki_complete_needed;				/* an I/O came whose completion only they see */
};

/* User space starts no recording where there are more CPUs. */
struct probe_state probe_state;

static __always_inline struct probe_cpu *cpu_at(__u32 index)
{
	if (index >= PROBE_MAX_CPUS)
		return 0;
	/* The compiler would do without, and the verifier does not see why. */
	barrier_var(index);
	return &probe_state.cpus[index % PROBE_MAX_CPUS];
}

static __always_inline struct probe_cpu *this_cpu_in_pause(void)
{
	return &probe_state.cpus[bpf_get_smp_processor_id() % PROBE_MAX_CPUS];
}

static __always_inline __u32 pause_state(void)
{
	return *(volatile __u32 *)&probe_state.pause;
}

/* Tells user space that it is needed. Is it seen? */
static __always_inline bool demand_ki_complete(void)
{
	*(volatile __u32 *)&probe_state.ki_complete_needed = 1;
	return !*(volatile __u32 *)&probe_state.ki_complete_unseen;
}

#else

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_cpu);
	__uint(map_flags, BPF_F_MMAPABLE);
} probe_cpus SEC(".maps");

static __always_inline struct probe_cpu *cpu_at(__u32 index)
{
	return bpf_map_lookup_elem(&probe_cpus, &index);
}

static __always_inline struct probe_cpu *this_cpu_in_pause(void)
{
	return cpu_at(bpf_get_smp_processor_id());
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} probe_pause SEC(".maps");

static __always_inline __u32 pause_state(void)
{
	__u32 first = 0;
	__u32 *state = bpf_map_lookup_elem(&probe_pause, &first);

	return state ? *state : PROBE_PAUSE_NONE;
}

/* Its programs stay attached. */
static __always_inline bool demand_ki_complete(void)
{
	return true;
}

#endif

static __always_inline bool is_paused(void)
{
	return probe_settings.pauses && pause_state() == PROBE_PAUSE;
}

/* State of the CPU that runs the program; none in a pause, for all but what lets I/Os in. */
static __always_inline struct probe_cpu *this_cpu(void)
{
	return is_paused() ? 0 : this_cpu_in_pause();
}

#endif
