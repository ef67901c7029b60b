/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps that count by file or by process what has no record of its own. User space reads them while they fill. */
#ifndef PROBE_TALLIES_H
#define PROBE_TALLIES_H

#include "probe_records.h"

#define PROBE_MAX_SYNCED	1024
#define PROBE_MAX_LEFT_OUT	64

/* A file, and whether fsync or fdatasync: key of what was counted of it. */
struct probe_synced_file {
	probe_u32 dev;			/* s_dev */
	probe_u32 datasync;		/* 1: fdatasync */
	probe_u64 inode;
};
struct probe_syncs {
	probe_u64 count;
	probe_u64 ns;
	probe_u32 tid;			/* who made the first */
	probe_u32 reserved;
};

/* A process whose I/Os were left out by the filters; the key is its number. */
struct probe_left_out {
	probe_u64 ios;
	char comm[PROBE_COMM_SIZE];	/* of the thread that submitted the first */
};

#endif
