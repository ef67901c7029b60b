/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of I/Os that come through several devices; a part of probe_records.h. */
#ifndef PROBE_LAYERS_H
#define PROBE_LAYERS_H

#include "probe_records.h"

/* A device that an I/O came through. Times are since submitted_ns: 0 = not seen, all bits set = later than fits. */
struct probe_layer {
	probe_u32 dev;			/* of the whole disk; 0 = there is no such layer */
	probe_u32 entered_ns;		/* the first bio that it was given: block_bio_queue */
	probe_u32 queued_ns;		/* a work of its own, on the way down: workqueue_queue_work */
	probe_u32 started_ns;		/* workqueue_execute_start */
	probe_u32 issued_ns;		/* the last block_rq_issue on it, see first_issued_ns */
	probe_u32 done_ns;		/* the last block_rq_complete on it, or block_bio_complete */
	probe_u32 giver;		/* the layer that made its bio, by place from 1; 0 = not known */
	probe_u32 reserved;
};

#define PROBE_LAYERS		4
#define PROBE_NAME_SIZE		32

/*
 * An I/O that came through more than one device on its way, in the order in
 * which they were entered, or whose end_io a work or a thread of a driver ran.
 */
struct probe_layered {
	struct probe_life life;		/* kind PROBE_RECORD_LAYERED */
	struct probe_layer layers[PROBE_LAYERS];
	probe_u64 deliverer;		/* function of the work that ran end_io, 0 = none; user space puts its name below, and 0 here */
	char deliverer_name[PROBE_NAME_SIZE]; /* function, or comm of a thread that is no kworker: untrusted bytes, NUL padded */
	probe_u8 layers_missed;		/* more than fit; saturates */
	/*
	 * The submitter slept in its submission, before the block layer had a bio of
	 * it. Both in units of PROBE_SLEEP_UNIT_NS, and saturate; 0 = it did not.
	 */
	probe_u8 asleep[3];		/* how long in all, little-endian */
	probe_u32 resumed;		/* from submitted_ns to when it woke up last */
};

/* More of a device that an I/O came through. Times as in struct probe_layer. */
struct probe_layer_times {
	probe_u32 throttled_ns;		/* its cgroup's io.max held back what came to it first, until entered_ns; 0 = it did not */
	probe_u32 first_issued_ns;	/* the first block_rq_issue on it, where issued_ns is that of another; 0 = it is not */
};

#define PROBE_DEEPER_LAYERS	4
#define PROBE_ALL_LAYERS	(PROBE_LAYERS + PROBE_DEEPER_LAYERS)

/* One that came through more than PROBE_LAYERS devices, or of which there is more to be told in one. */
struct probe_deep {
	struct probe_layered layered;	/* kind PROBE_RECORD_DEEP */
	struct probe_layer deeper[PROBE_DEEPER_LAYERS]; /* those after probe_layered.layers */
	struct probe_layer_times times[PROBE_ALL_LAYERS]; /* by place among all of them */
};

#define PROBE_SLEEP_UNIT_SHIFT	8
#define PROBE_SLEEP_UNIT_NS	(1 << PROBE_SLEEP_UNIT_SHIFT)
#define PROBE_LONGEST_SLEEP	0xffffff

_Static_assert(sizeof(struct probe_layer) == 32, "probe_layer is 32 bytes in every capture");
_Static_assert(sizeof(struct probe_layered) == 560, "probe_layered is 560 bytes in every capture");
_Static_assert(__builtin_offsetof(struct probe_layered, deliverer) == 512, "");
_Static_assert(__builtin_offsetof(struct probe_layered, resumed) == 556, "");
_Static_assert(sizeof(struct probe_deep) == 752, "probe_deep is 752 bytes in every capture");
_Static_assert(__builtin_offsetof(struct probe_deep, deeper) == 560, "");
_Static_assert(__builtin_offsetof(struct probe_deep, times) == 688, "");

#endif
