/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work items of drivers and layers that run end_io: kcryptd, btrfs-endio, nvme_tcp.
 * Which do is not in any table: it is learned from the first end_io that runs in
 * a kworker. From then on work items of that function are seen to be queued and
 * to start.
 */
#ifndef DELIVERERS_BPF_H
#define DELIVERERS_BPF_H

#include "occupants.bpf.h"

#define DELIVERERS	64
#define QUEUED_WORKS	4096

/* By function. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DELIVERERS);
	__type(key, __u64);
	__type(value, __u32);
} probe_deliverers SEC(".maps");

/* How many there are: while there are none, no work is looked up. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} probe_learned SEC(".maps");

struct queued_work {
	__u64 queued_ns;
	__u64 cpu;
	struct probe_occupied clocks;
};

/* By work. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, QUEUED_WORKS);
	__type(key, __u64);
	__type(value, struct queued_work);
} probe_queued_works SEC(".maps");

#define DELIVERING_WORKERS	1024

/* What a worker runs. Bound to no CPU, it may end elsewhere than it began: known by its number. */
struct delivering_work {
	__u64 function;
	__u64 queued_ns;		/* 0 = not seen */
	__u64 started_ns;
	__u64 queued_cpu;
	struct probe_occupied wait;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, DELIVERING_WORKERS);
	__type(key, __u32);		/* tid */
	__type(value, struct delivering_work);
} probe_delivering SEC(".maps");

static __always_inline struct delivering_work *delivering_here(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&probe_delivering, &tid);
}

static __always_inline bool any_deliverers(void)
{
	__u32 first = 0;
	__u32 *learned = bpf_map_lookup_elem(&probe_learned, &first);

	return learned && *learned;
}

static __noinline int deliverer_queued(struct probe_cpu *cpu, __u64 function, __u64 work)
{
	struct queued_work queued = {};

	if (!bpf_map_lookup_elem(&probe_deliverers, &function))
		return 0;
	queued.queued_ns = read_clocks(cpu, &queued.clocks);
	queued.cpu = bpf_get_smp_processor_id();
	bpf_map_update_elem(&probe_queued_works, &work, &queued, BPF_ANY);
	return 0;
}

static __noinline int deliverer_started(struct probe_cpu *cpu, __u64 function, __u64 work)
{
	struct delivering_work running = {};
	struct queued_work *queued;
	struct probe_occupied clocks;
	__u32 tid = (__u32)bpf_get_current_pid_tgid();

	if (!bpf_map_lookup_elem(&probe_deliverers, &function))
		return 0;
	running.function = function;
	running.started_ns = read_clocks(cpu, &clocks);
	queued = bpf_map_lookup_elem(&probe_queued_works, &work);
	if (queued) {
		running.queued_ns = queued->queued_ns;
		running.queued_cpu = queued->cpu;
		/* Bound to no CPU, it may have started elsewhere: then no one CPU was waited for. */
		if (clocks_run() && queued->cpu == bpf_get_smp_processor_id() &&
		    running.started_ns - running.queued_ns <= LONGEST_WAIT_NS) {
			running.wait = queued->clocks;
			wait_ends(&clocks, &running.wait);
		}
		bpf_map_delete_elem(&probe_queued_works, &work);
	}
	bpf_map_update_elem(&probe_delivering, &tid, &running, BPF_ANY);
	return 0;
}

static __noinline int learn_deliverer(__u64 function)
{
	__u32 first = 0;
	__u32 one = 1;
	__u32 *learned = bpf_map_lookup_elem(&probe_learned, &first);

	if (!bpf_map_update_elem(&probe_deliverers, &function, &one, BPF_ANY) && learned)
		*learned = 1;
	return 0;
}

/* end_io runs in a kworker, in a work that is not its own: a driver's, or a layer's. */
verified_once_with_memory int work_delivers(struct probe_deep *slot)
{
	struct task_struct *task = current_task();
	__u64 function = (__u64)read_kernel(worker_of(task), current_func);
	struct delivering_work *running = delivering_here();
	struct probe_io *io = io_in(slot);
	struct probe_layered *all;

	if (!slot)
		return 0;
	all = layered(io);
	all->deliverer = function;
	if (!running || running->function != function) {
		learn_deliverer(function);
		return 0;
	}
	/* A work that goes on and on may have begun before this I/O was issued. */
	if (running->started_ns < io->issued_ns)
		return 0;
	io->interrupted_ns = running->started_ns;
	if (!running->queued_ns || running->queued_ns < io->issued_ns)
		return 0;
	all->life.raised_ns = running->queued_ns;
	all->life.raise_cpu = running->queued_cpu;
	all->life.delivery_wait = running->wait;
	return 0;
}

/* end_io runs in a thread that neither submitted the I/O nor polls for it: raid5's, a server's of ublk. */
verified_once_with_memory int task_delivers(struct probe_deep *slot)
{
	if (slot)
		bpf_get_current_comm(layered(io_in(slot))->deliverer_name, 16);
	return 0;
}

#endif
