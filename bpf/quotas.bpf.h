/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Submitters that stand still because their cgroup has used up its quota of CPU
 * time (cpu.max). When that was is remembered by cgroup and CPU, and looked for
 * when a submitter comes to the CPU again.
 */
#ifndef QUOTAS_BPF_H
#define QUOTAS_BPF_H

#include "occupants.bpf.h"

struct quota_place {
	__u64 group;
	__u64 cpu;
};

/* From when on nothing of the cgroup ran on this CPU, and until when, with the clocks of the CPU. */
struct quota_stop {
	__u64 from_ns;
	__u64 until_ns;			/* 0 = it lasts */
	struct probe_occupied from;
	struct probe_occupied until;
};

#define QUOTA_STOPS	1024

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, QUOTA_STOPS);
	__type(key, struct quota_place);
	__type(value, struct quota_stop);
} probe_quota_stops SEC(".maps");

/* On the CPU that is meant. That the quota came just in time is not a stop. */
SEC("?fexit/throttle_cfs_rq")
int BPF_PROG(quota_used_up, struct cfs_rq *queue, bool is_used_up)
{
	struct probe_cpu *cpu = this_cpu();
	struct quota_place place = {};
	struct quota_stop stop = {};

	if (!cpu || !is_used_up || !clocks_run())
		return 0;
	place.group = (__u64)read_kernel(queue, tg);
	place.cpu = bpf_get_smp_processor_id();
	stop.from_ns = charge_until_now(cpu);
	copy_clocks(cpu, &stop.from);
	bpf_map_update_elem(&probe_quota_stops, &place, &stop, BPF_ANY);
	return 0;
}

/* On any CPU. */
SEC("?fentry/unthrottle_cfs_rq")
int BPF_PROG(quota_filled, struct cfs_rq *queue)
{
	struct rq *runs = read_kernel(queue, rq);
	__u32 number = read_kernel(runs, cpu);
	struct probe_cpu *cpu = cpu_at(number);
	struct quota_place place = {};
	struct quota_stop *stop;
	__u64 now;

	if (!cpu)
		return 0;
	place.group = (__u64)read_kernel(queue, tg);
	place.cpu = number;
	stop = bpf_map_lookup_elem(&probe_quota_stops, &place);
	if (!stop || stop->until_ns)
		return 0;
	now = read_remote_clocks(cpu, &stop->until);
	stop->until_ns = now ? now : bpf_ktime_get_ns();
	cpu->unstopped_ns = stop->until_ns;
	return 0;
}

/* Cgroups in each other; the innermost are looked at. */
#define QUOTA_LEVELS	6

/* No longer ago than any period: 100 ms, unless somebody chose another one, of a second at most. */
#define QUOTA_REMEMBERED_NS	1000000000ULL

/* The latest stop of a task's cgroups on this CPU that ended after a time, or NULL. */
static __always_inline struct quota_stop *stop_of(struct task_struct *task, __u64 after)
{
	struct quota_place place = { .cpu = bpf_get_smp_processor_id() };
	struct quota_stop *found = 0;
	struct task_group *group;

	/* A kernel without CONFIG_CGROUP_SCHED. */
	if (!bpf_core_field_exists(task->sched_task_group))
		return 0;
	group = read_kernel(task, sched_task_group);
	for (int level = 0; level < QUOTA_LEVELS; level++) {
		struct quota_stop *stop;

		if (!group)
			break;
		place.group = (__u64)group;
		stop = bpf_map_lookup_elem(&probe_quota_stops, &place);
		if (stop && stop->until_ns > after && (!found || stop->until_ns > found->until_ns))
			found = stop;
		group = read_kernel(group, parent);
	}
	return found;
}

/*
 * A submitter comes to the CPU. Did it stand still before? It did if it was taken
 * from the CPU, or if I/Os of its were completed and would have woken it.
 */
static __noinline int note_stop(struct probe_cpu *cpu, const struct probe_cpu *left, struct task_struct *task, __u64 now)
{
	__u32 tid = read_kernel(task, pid);
	bool is_left = left && left->submitter_left_tid == tid;
	__u64 left_ns = is_left ? left->submitter_left_ns : 0;
	struct quota_stop *stop;

	if (now - cpu->unstopped_ns > QUOTA_REMEMBERED_NS)
		return 0;
	stop = stop_of(task, left_ns);
	if (!stop)
		return 0;
	cpu->stop_tid = tid;
	cpu->stop_from_ns = stop->from_ns;
	cpu->stop_until_ns = stop->until_ns;
	cpu->stop_from = stop->from;
	cpu->stop_until = stop->until;
	if (!is_left || !(left->submitter_left_runnable || left->unreaped))
		return 0;
	cpu->stops++;
	cpu->stopped_ns += stop->until_ns - (stop->from_ns > left_ns ? stop->from_ns : left_ns);
	return 0;
}

#endif
