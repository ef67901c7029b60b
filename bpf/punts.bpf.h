/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests of io_uring that its workers begin: those whose first attempt, which
 * may not wait, came to nothing, and those that ask for a worker at once.
 */
#ifndef PUNTS_BPF_H
#define PUNTS_BPF_H

#include "slots.bpf.h"

struct punt {
	__u64 attempted_ns;		/* when its first attempt began; 0 = there was none */
	__u64 failed_ns;		/* when that had come to nothing; 0 = it has not been seen to */
	__u64 handed_ns;		/* when it was given to the workers; 0 = not yet */
};

#define PUNTS	8192

/* By kiocb. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, PUNTS);
	__type(key, __u64);
	__type(value, struct punt);
} probe_punts SEC(".maps");

/* It is given to the workers when its submitter next runs. What is older was of a request that had this place before. */
#define LONGEST_PUNT_NS	1000000000ULL

/* Its slot is given up; the attempt is remembered. */
static __noinline int attempt_fails(const struct probe_io *io, __u64 key)
{
	struct punt punt = { .attempted_ns = io->submitted_ns, .failed_ns = bpf_ktime_get_ns() };

	if (probe_settings.punts_seen)
		bpf_map_update_elem(&probe_punts, &key, &punt, BPF_ANY);
	return 0;
}

/* - io: the attempt that has not been given up, or NULL. */
static __noinline int handed_over(const struct probe_io *io, __u64 key)
{
	struct punt *before = bpf_map_lookup_elem(&probe_punts, &key);
	struct punt punt = { .handed_ns = bpf_ktime_get_ns() };

	if (io)
		punt.attempted_ns = io->submitted_ns;
	else if (before && !before->handed_ns && punt.handed_ns - before->failed_ns < LONGEST_PUNT_NS)
		punt.attempted_ns = before->attempted_ns;
	bpf_map_update_elem(&probe_punts, &key, &punt, BPF_ANY);
	return 0;
}

/* A worker begins with it. */
static __noinline int taken_over(struct probe_io *io, __u64 key)
{
	struct punt *punt = bpf_map_lookup_elem(&probe_punts, &key);
	struct probe_life *life;

	if (!punt || !punt->handed_ns)
		return 0;
	life = life_of(io);
	life->marks |= PROBE_LIFE_PUNTED;
	life->attempted_ns = punt->handed_ns;
	life->first_attempt_ns = punt->attempted_ns;
	bpf_map_delete_elem(&probe_punts, &key);
	return 0;
}

#endif
