/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record --summary: finished I/Os are aggregated by kind and CPU, and leave no
 * record. User space learns of a kind by records of it, and then makes room for
 * it here; what has no room stays a record.
 */
#ifndef SUMMARY_BPF_H
#define SUMMARY_BPF_H

#include "kernel_flavours.bpf.h"
#include "probe_summary.h"

/* The summaries of one kind, one for each CPU. */
struct probe_kind_summaries {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, PROBE_SUMMARY_SIZE);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct probe_kind_bucket);
} probe_kinds SEC(".maps");

/* By bucket and way. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct probe_kind_summaries);
} probe_summaries SEC(".maps");

static __always_inline void *room_of(const struct probe_io_kind *kind)
{
	__u32 index = probe_kind_hash(kind);
	const struct probe_kind_bucket *bucket = bpf_map_lookup_elem(&probe_kinds, &index);

	if (!bucket)
		return 0;
	index *= PROBE_KIND_WAYS;
	for (__u32 way = 0; way < PROBE_KIND_WAYS; way++, index++)
		if (probe_kinds_equal(&bucket->kind[way], kind))
			return bpf_map_lookup_elem(&probe_summaries, &index);
	return 0;
}

/* The totals of this kind of I/Os on this CPU, or NULL. */
static __always_inline struct probe_summary *summary_of(struct probe_io_kind *kind)
{
	__u32 index = bpf_get_smp_processor_id();
	void *cpus = room_of(kind);

	if (!cpus) {
		kind->length_bytes = 0;
		cpus = room_of(kind);
	}
	return cpus ? bpf_map_lookup_elem(cpus, &index) : 0;
}

/*
 * Sums are plain additions. An interrupt's program, or that of a task which
 * took this one's CPU, finds the summary busy if it comes in the midst of them.
 */
#ifdef PROBE_MODERN
#define summary_is_busy(summary)	__sync_lock_test_and_set(&(summary)->busy, 1)
#else
#define summary_is_busy(summary)	({ __u32 busy_ = (summary)->busy; (summary)->busy = 1; busy_; })
#endif

/* Whether this finished I/O needs no record any more. The slot begins with a struct probe_waited_io. */
verified_once_with_memory int sum_up(struct probe_deep *slot)
{
	const struct probe_waited_io *waited = (const struct probe_waited_io *)slot;
	struct probe_summary *summary;
	struct probe_io_kind kind;
	struct probe_steps steps;
	__u16 points;

	if (!slot || !probe_kind_of(waited, &kind, &steps))
		return 0;
	points = probe_any(kind.points);
	summary = summary_of(&kind);
	if (!summary || summary_is_busy(summary))
		return 0;
	probe_sum_up(summary, waited, points, &steps);
	*(volatile __u32 *)&summary->busy = 0;
	return 1;
}

#endif
