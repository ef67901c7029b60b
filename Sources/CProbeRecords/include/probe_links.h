/* SPDX-License-Identifier: GPL-2.0-only */
/* How the programs find what a bio, a kiocb or a work was made for. */
#ifndef PROBE_LINKS_H
#define PROBE_LINKS_H

#include "probe_records.h"

/*
 * Where a bio, a kiocb or a work has the one that it was made for: steps words
 * are read, each that far from the address so far, and the last is added.
 */
#define PROBE_LINK_STEPS	3
#define PROBE_MAX_LINKS		64
#define PROBE_MAX_STACKED	1024
#define PROBE_MAX_OPENED	256

/* Files that were opened with O_DIRECT on a file system. */
struct probe_opens {
	probe_u64 files;
	probe_u64 for_writing;		/* of them */
};

enum probe_link_end {
	PROBE_LINK_BIO = 1,
	PROBE_LINK_KIOCB = 2,
	PROBE_LINK_WORK = 3,
};
struct probe_link {
	probe_s32 step[PROBE_LINK_STEPS];
	probe_s32 last;
	probe_u8 steps;
	probe_u8 from;			/* enum probe_link_end */
	probe_u8 to;
	probe_u8 reserved;
};

#endif
