// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goes through all events of a trace.dat with libtracecmd, in the order of their times, and counts them: the least that a
 * program which uses that library does.
 */
#include <stdio.h>
#include <trace-cmd.h>

static int count(struct tracecmd_input *handle, struct tep_record *record, int cpu, void *data)
{
	(void)handle;
	(void)record;
	(void)cpu;
	++*(unsigned long *)data;
	return 0;
}

int main(int argc, char **argv)
{
	struct tracecmd_input *handle = argc == 2 ? tracecmd_open(argv[1], 0) : NULL;
	unsigned long events = 0;

	if (!handle) {
		fprintf(stderr, "usage: iterate TRACE.DAT\n");
		return 64;
	}
	if (tracecmd_iterate_events(handle, NULL, 0, count, &events))
		return 1;
	printf("%lu\n", events);
	tracecmd_close(handle);
	return 0;
}
