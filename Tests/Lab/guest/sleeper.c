// SPDX-License-Identifier: GPL-2.0-only
/*
 * What fio does not do: a submitter of io_uring that sleeps in another system call, a futex, while its I/Os are done.
 * Takes fio's arguments --filename, --output and --number_ios, and writes as much of fio's JSON as the lab reads.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEPTH	8
#define BLOCK	4096
#define BLOCKS	4096		/* of the file that are read, each once, in an order without neighbours */
#define STRIDE	997

static const struct timespec NAP = { .tv_nsec = 2000000 };

static void need(int is_good, const char *what)
{
	if (!is_good) {
		perror(what);
		exit(1);
	}
}

static const char *argument(int count, char **words, const char *name)
{
	for (int i = 1; i < count; i++)
		if (!strncmp(words[i], name, strlen(name)))
			return words[i] + strlen(name);
	fprintf(stderr, "%s is missing\n", name);
	exit(1);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

int main(int count, char **words)
{
	int ios = atoi(argument(count, words, "--number_ios="));
	int file = open(argument(count, words, "--filename="), O_RDONLY | O_DIRECT);
	struct io_uring_params params = { .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN };
	int ring = syscall(SYS_io_uring_setup, DEPTH, &params);
	unsigned int word = 0, failed = 0;
	double sum = 0;
	char *buffers = aligned_alloc(BLOCK, DEPTH * BLOCK);
	FILE *out;

	need(file >= 0, "open");
	need(ring >= 0, "io_uring_setup");
	char *sq = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(unsigned int), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	char *cq = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqes = mmap(NULL, params.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	need(sq != MAP_FAILED && cq != MAP_FAILED && sqes != MAP_FAILED && buffers, "mmap");
	unsigned int *tail = (unsigned int *)(sq + params.sq_off.tail), *array = (unsigned int *)(sq + params.sq_off.array);
	unsigned int *head = (unsigned int *)(cq + params.cq_off.head);
	struct io_uring_cqe *cqes = (struct io_uring_cqe *)(cq + params.cq_off.cqes);

	for (int done = 0; done < ios;) {
		int batch = ios - done < DEPTH ? ios - done : DEPTH;
		double begin = now_ns();

		for (int i = 0; i < batch; i++) {
			memset(&sqes[i], 0, sizeof(sqes[i]));
			sqes[i].opcode = IORING_OP_READ;
			sqes[i].fd = file;
			sqes[i].addr = (unsigned long)(buffers + i * BLOCK);
			sqes[i].len = BLOCK;
			sqes[i].off = (unsigned long long)(done + i) * STRIDE % BLOCKS * BLOCK;
			array[(*tail + i) & (params.sq_entries - 1)] = i;
		}
		__atomic_store_n(tail, *tail + batch, __ATOMIC_RELEASE);
		need(syscall(SYS_io_uring_enter, ring, batch, 0, 0, NULL, 0) == batch, "io_uring_enter");
		syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &NAP, NULL, 0);
		need(syscall(SYS_io_uring_enter, ring, 0, batch, IORING_ENTER_GETEVENTS, NULL, 0) >= 0, "io_uring_enter");
		for (int i = 0; i < batch; i++)
			failed += cqes[(*head + i) & (params.cq_entries - 1)].res != BLOCK;
		__atomic_store_n(head, *head + batch, __ATOMIC_RELEASE);
		sum += batch * (now_ns() - begin);
		done += batch;
	}
	out = fopen(argument(count, words, "--output="), "w");
	need(out != NULL, "fopen");
	fprintf(out, "{\"jobs\": [{\"error\": %u, \"read\": {\"total_ios\": %d, \"lat_ns\": {\"mean\": %.0f}}, "
		"\"write\": {\"total_ios\": 0, \"lat_ns\": {\"mean\": 0}}}]}\n", failed, ios, sum / ios);
	return fclose(out) != 0;
}
