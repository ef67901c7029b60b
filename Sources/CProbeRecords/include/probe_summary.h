/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/Os aggregated instead of recorded: what is the same of many is their kind,
 * and of each kind the times are counted in buckets. The probes run this code,
 * and so do the tests that compare it with what records say.
 */
#ifndef PROBE_SUMMARY_H
#define PROBE_SUMMARY_H

#include "probe_records.h"

#define PROBE_INLINE static inline __attribute__((always_inline))

/* The way to a point, from the point before it that was passed. */
enum probe_step {
	PROBE_STEP_ISSUED = 0,
	PROBE_STEP_INTERRUPTED = 1,
	PROBE_STEP_ENDED = 2,
	PROBE_STEP_QUEUED = 3,
	PROBE_STEP_STARTED = 4,
	PROBE_STEP_COMPLETED = 5,
	PROBE_STEP_TASK_WORK = 6,
};
#define PROBE_STEPS	7

/* probe_io_kind.points: a bit for each step that was taken, by its number, and how. */
enum probe_point {
	PROBE_POINT_EARLY_INTERRUPT = 1u << 8,	/* the interrupt's entry was seen, and came before the I/O was issued */
	PROBE_POINT_TASK_WORK_FIRST = 1u << 9,	/* task_work came before the completion: it completed the I/O */
};

/* probe_io_kind.cpus: which were seen, and which are the same. */
enum probe_cpu_relation {
	PROBE_CPUS_END = 1u << 0,
	PROBE_CPUS_WORKER = 1u << 1,
	PROBE_CPUS_SUBMIT_IS_END = 1u << 2,
	PROBE_CPUS_END_IS_WORKER = 1u << 3,
};

/* All that decides where an I/O was completed, why there, and what its steps are called. */
#define PROBE_KIND_FACTS (PROBE_FACT_WRITE | PROBE_FACT_HIPRI | PROBE_FACT_FORCE_WAIT | \
	PROBE_FACT_END_SEEN | PROBE_FACT_END_DECIDES | PROBE_FACT_WAITER | PROBE_FACT_NEED_SYNC | \
	PROBE_FACT_WRITE_THROUGH | PROBE_FACT_UNWRITTEN | PROBE_FACT_COW | PROBE_FACT_INLINE_COMP | \
	PROBE_FACT_CALLER_COMP | PROBE_FACT_COMP_WORK | PROBE_FACT_EXTENDS_ISIZE | PROBE_FACT_PAGE_CACHE | \
	PROBE_FACT_END_ERROR | PROBE_FACT_END_BY_SUBMITTER | PROBE_FACT_BY_SUBMITTER | PROBE_FACT_SIMPLE | PROBE_FACT_LEGACY | \
	PROBE_FACT_BLOCK_DEVICE)

struct probe_io_kind {
	probe_u32 facts;		/* of PROBE_KIND_FACTS */
	probe_u32 dev;
	probe_u32 length_bytes;		/* 0: of all lengths that have no kind of their own */
	probe_u16 points;		/* enum probe_point */
	probe_u8 cpus;			/* enum probe_cpu_relation */
	probe_u8 issuer;
	probe_u8 end_context;
	probe_u8 complete_context;
	probe_u16 reserved;
	probe_u32 reserved2;
} __attribute__((aligned(8)));

/* Where the probes look for a kind that has room: in one bucket, by its hash. One without points is free. */
#define PROBE_KIND_BUCKETS	64
#define PROBE_KIND_WAYS		4
struct probe_kind_bucket {
	struct probe_io_kind kind[PROBE_KIND_WAYS];
};

/*
 * Buckets for nanoseconds: single ones up to 63, then 32 an octave. The last one
 * begins at 67.6 s and has no end.
 */
#define PROBE_SUMMARY_SHIFT	5
#define PROBE_SUMMARY_BUCKETS	1024

/* A kind's I/Os on one CPU: this, the rows, and the spreads. */
struct probe_summary {
	probe_u32 busy;			/* a program is about to change it; one in its midst sends a record instead */
	probe_u32 reserved;
	probe_u64 first_ns;		/* the earliest submission; user space begins it with all bits set */
	probe_u64 last_ns;		/* the latest time seen */
	probe_u64 bytes;
	probe_u64 errors;		/* I/Os that failed */
	probe_u64 preempted;		/* I/Os with PROBE_FACT_PREEMPTED_SUBMITTER */
	probe_u64 longest_ns[PROBE_STEPS + 1]; /* of each step, and of the whole */
	probe_u64 queue_wait_ns[PROBE_OCCUPANTS]; /* by occupant */
	probe_u64 task_work_wait_ns[PROBE_OCCUPANTS];
};

/* For each bucket of latency a row: the sum of each step's nanoseconds, and last the number of I/Os. */
#define PROBE_SUMMARY_ROW	(PROBE_STEPS + 1)
/* For each step: the number of I/Os by bucket of that step's time. */
#define PROBE_SUMMARY_NUMBERS	(PROBE_SUMMARY_BUCKETS * (PROBE_SUMMARY_ROW + PROBE_STEPS))
#define PROBE_SUMMARY_SIZE	(sizeof(struct probe_summary) + PROBE_SUMMARY_NUMBERS * sizeof(probe_u64))

/* An I/O's way, cut into steps. Those that it did not take are 0. */
struct probe_steps {
	probe_u64 ns[PROBE_STEPS];
	probe_u64 at_ns;		/* the point passed last */
};

/*
 * A function of its own for the verifier, which would follow every way through
 * it anew for each step otherwise. It forgets what it knows of the result.
 */
#ifdef __bpf__
#define PROBE_APART	__attribute__((noinline, weak))
#else
#define PROBE_APART	PROBE_INLINE
#endif

#define PROBE_EACH_2(n)		n, n
#define PROBE_EACH_4(n)		PROBE_EACH_2(n), PROBE_EACH_2(n)
#define PROBE_EACH_8(n)		PROBE_EACH_4(n), PROBE_EACH_4(n)
#define PROBE_EACH_16(n)	PROBE_EACH_8(n), PROBE_EACH_8(n)
#define PROBE_EACH_32(n)	PROBE_EACH_16(n), PROBE_EACH_16(n)
#define PROBE_EACH_64(n)	PROBE_EACH_32(n), PROBE_EACH_32(n)
#define PROBE_EACH_128(n)	PROBE_EACH_64(n), PROBE_EACH_64(n)

/* By how many bits numbers below 2^14 are shifted to be below 64, by their upper eight bits. */
static const probe_u8 probe_octaves[256] = {
	0, 1, PROBE_EACH_2(2), PROBE_EACH_4(3), PROBE_EACH_8(4), PROBE_EACH_16(5), PROBE_EACH_32(6), PROBE_EACH_64(7),
	PROBE_EACH_128(8),
};

PROBE_APART probe_u64 probe_summary_bucket(probe_u64 ns)
{
	probe_u64 octave = 0;
	probe_u64 rest;

	if (ns >> 36)
		return PROBE_SUMMARY_BUCKETS - 1;
	if (ns >> 22) {
		ns >>= 16;
		octave = 16;
	}
	if (ns >> 14) {
		ns >>= 8;
		octave += 8;
	}
	rest = probe_octaves[ns >> 6 & 255];
	return ((octave + rest) << PROBE_SUMMARY_SHIFT) + (ns >> rest);
}

/* The same number. The verifier would go every way from here for each of its values. */
PROBE_APART probe_u64 probe_any(probe_u64 number)
{
	return number;
}

/* For the verifier, that has forgotten it. */
#define PROBE_BUCKET(ns)	(probe_summary_bucket(ns) & (PROBE_SUMMARY_BUCKETS - 1))

/* 0: the time contradicts those before. */
PROBE_INLINE int probe_take_step(struct probe_steps *steps, probe_u16 *points, enum probe_step step, probe_u64 time)
{
	steps->ns[step] = 0;
	if (!time)
		return 1;
	if (time < steps->at_ns)
		return 0;
	steps->ns[step] = time - steps->at_ns;
	steps->at_ns = time;
	*points |= 1u << step;
	return 1;
}

/* Clocks that add up to more than the wait were not those of this wait. */
PROBE_INLINE int probe_wait_fits(const struct probe_occupied *times, probe_u64 ns)
{
	probe_u64 sum = 0;

	for (int i = 0; i < PROBE_OCCUPANTS; i++)
		sum += times->ns[i];
	return sum <= ns;
}

PROBE_INLINE probe_u32 probe_kind_hash(const struct probe_io_kind *kind)
{
	const probe_u64 *words = (const probe_u64 *)kind;
	probe_u64 mixed = words[0] * 0x9e3779b97f4a7c15ULL ^ words[1] * 0xbf58476d1ce4e5b9ULL ^ words[2];

	return (mixed * 0x94d049bb133111ebULL) >> 58;
}

PROBE_INLINE int probe_kinds_equal(const struct probe_io_kind *kind, const struct probe_io_kind *other)
{
	const probe_u64 *words = (const probe_u64 *)kind;
	const probe_u64 *others = (const probe_u64 *)other;

	return words[0] == others[0] && words[1] == others[1] && words[2] == others[2];
}

PROBE_INLINE probe_u8 probe_cpus_of(const struct probe_io *io)
{
	probe_u8 cpus = 0;

	if (io->end_cpu == PROBE_NO_CPU)
		return io->worker_cpu == PROBE_NO_CPU ? 0 : PROBE_CPUS_WORKER;
	cpus = io->submit_cpu == io->end_cpu ? PROBE_CPUS_END | PROBE_CPUS_SUBMIT_IS_END : PROBE_CPUS_END;
	if (io->worker_cpu == PROBE_NO_CPU)
		return cpus;
	return cpus | PROBE_CPUS_WORKER | (io->worker_cpu == io->end_cpu ? PROBE_CPUS_END_IS_WORKER : 0);
}

/*
 * The kind of an I/O and its steps. 0: there is something about it that sums
 * cannot represent; it has to be a record.
 */
PROBE_INLINE int probe_kind_of(const struct probe_waited_io *waited, struct probe_io_kind *kind,
			       struct probe_steps *steps)
{
	const struct probe_io *io = &waited->io;
	int task_work_first = io->task_work_ns && io->task_work_ns < io->completed_ns;
	probe_u16 points = 0;

	if (io->kind >= PROBE_RECORD_LIFE)
		return 0;
	if (!io->submitted_ns || !io->completed_ns || io->iocb_completed_ns || io->facts & PROBE_FACT_TASK_WORK_CLOCKS)
		return 0;
	/* Which came first depends on the context. */
	if (io->task_work_ns == io->completed_ns)
		return 0;
	steps->at_ns = io->submitted_ns;
	steps->ns[PROBE_STEP_INTERRUPTED] = 0;
	if (!probe_take_step(steps, &points, PROBE_STEP_ISSUED, io->issued_ns))
		return 0;
	if (io->interrupted_ns && io->interrupted_ns < steps->at_ns)
		points |= PROBE_POINT_EARLY_INTERRUPT;
	else if (!probe_take_step(steps, &points, PROBE_STEP_INTERRUPTED, io->interrupted_ns))
		return 0;
	if (!probe_take_step(steps, &points, PROBE_STEP_ENDED, io->ended_ns) ||
	    !probe_take_step(steps, &points, PROBE_STEP_QUEUED, io->queued_ns) ||
	    !probe_take_step(steps, &points, PROBE_STEP_STARTED, io->started_ns))
		return 0;
	if (task_work_first) {
		points |= PROBE_POINT_TASK_WORK_FIRST;
		if (!probe_take_step(steps, &points, PROBE_STEP_TASK_WORK, io->task_work_ns))
			return 0;
	}
	if (!probe_take_step(steps, &points, PROBE_STEP_COMPLETED, io->completed_ns))
		return 0;
	if (!task_work_first && !probe_take_step(steps, &points, PROBE_STEP_TASK_WORK, io->task_work_ns))
		return 0;
	if (io->kind == PROBE_RECORD_WAITED_IO &&
	    (!probe_wait_fits(&waited->queue_wait, steps->ns[PROBE_STEP_STARTED]) ||
	     (io->task_work_ns && !probe_wait_fits(&waited->task_work_wait, steps->ns[PROBE_STEP_TASK_WORK]))))
		return 0;
	kind->facts = io->facts & PROBE_KIND_FACTS;
	kind->dev = io->dev;
	kind->length_bytes = io->length_bytes;
	kind->points = points;
	kind->cpus = probe_cpus_of(io);
	kind->issuer = io->issuer;
	kind->end_context = io->end_context;
	kind->complete_context = io->complete_context;
	kind->reserved = 0;
	kind->reserved2 = 0;
	return 1;
}

PROBE_INLINE void probe_sum_step(struct probe_summary *summary, probe_u64 *row, probe_u64 *spreads,
				 const struct probe_steps *steps, probe_u16 points, enum probe_step step)
{
	probe_u64 ns = steps->ns[step];

	if (!(points & 1u << step))
		return;
	row[step] += ns;
	spreads[step * PROBE_SUMMARY_BUCKETS + PROBE_BUCKET(ns)]++;
	if (ns > summary->longest_ns[step])
		summary->longest_ns[step] = ns;
}

/* Takes in an I/O with the kind of this summary, which has the numbers behind it. */
PROBE_INLINE void probe_sum_up(struct probe_summary *summary, const struct probe_waited_io *waited,
			       probe_u16 points, const struct probe_steps *steps)
{
	probe_u64 *rows = (probe_u64 *)(summary + 1);
	probe_u64 *spreads = rows + PROBE_SUMMARY_BUCKETS * PROBE_SUMMARY_ROW;
	const struct probe_io *io = &waited->io;
	probe_u64 latency = steps->at_ns - io->submitted_ns;
	probe_u64 *row = rows + PROBE_BUCKET(latency) * PROBE_SUMMARY_ROW;

	probe_sum_step(summary, row, spreads, steps, points, PROBE_STEP_ISSUED);
	probe_sum_step(summary, row, spreads, steps, points, PROBE_STEP_INTERRUPTED);
	probe_sum_step(summary, row, spreads, steps, points, PROBE_STEP_ENDED);
	probe_sum_step(summary, row, spreads, steps, points, PROBE_STEP_QUEUED);
	probe_sum_step(summary, row, spreads, steps, points, PROBE_STEP_STARTED);
	probe_sum_step(summary, row, spreads, steps, points, PROBE_STEP_COMPLETED);
	probe_sum_step(summary, row, spreads, steps, points, PROBE_STEP_TASK_WORK);
	row[PROBE_STEPS]++;
	if (latency > summary->longest_ns[PROBE_STEPS])
		summary->longest_ns[PROBE_STEPS] = latency;
	if (io->submitted_ns < summary->first_ns)
		summary->first_ns = io->submitted_ns;
	if (steps->at_ns > summary->last_ns)
		summary->last_ns = steps->at_ns;
	summary->bytes += io->length_bytes;
	if (io->error)
		summary->errors++;
	if (io->facts & PROBE_FACT_PREEMPTED_SUBMITTER)
		summary->preempted++;
	if (io->kind != PROBE_RECORD_WAITED_IO)
		return;
	for (int i = 0; i < PROBE_OCCUPANTS; i++)
		summary->queue_wait_ns[i] += waited->queue_wait.ns[i];
	if (points & 1u << PROBE_STEP_TASK_WORK)
		for (int i = 0; i < PROBE_OCCUPANTS; i++)
			summary->task_work_wait_ns[i] += waited->task_work_wait.ns[i];
}

_Static_assert(sizeof(struct probe_io_kind) == 24, "a kind is compared as bytes: no padding");
_Static_assert(sizeof(struct probe_summary) % 8 == 0, "the numbers follow");

#endif
