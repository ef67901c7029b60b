/* SPDX-License-Identifier: GPL-2.0-only */
/* What Swift sees of libbpf, and the few lines of it that Swift cannot express. */
#pragma once

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether perf_event_open() is refused whatever is asked: Debian's kernel.perf_event_paranoid=3 does so without CAP_SYS_ADMIN. */
static inline int perf_events_are_refused(void)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attributes), .config = PERF_COUNT_SW_DUMMY, .exclude_kernel = 1,
	};
	long descriptor = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (descriptor < 0)
		return errno == EACCES || errno == EPERM;
	close((int)descriptor);
	return 0;
}
