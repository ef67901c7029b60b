// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ublk server: ublkserver TARGET. Makes a disk of a file or block device, which it reads and writes directly, many I/Os at a
 * time, and prints the disk's name when it is there. It serves in the background, with one thread, until the disk is removed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/ublk_cmd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Kernels since 6.4 want their commands as ioctls; the headers here may be older. */
#define CONTROL(number)	_IOWR('u', number, struct ublksrv_ctrl_cmd)
#define OF_IO(number)	_IOWR('u', number, struct ublksrv_io_cmd)

#define DEPTH		64
#define BUFFER_BYTES	(128 << 10)
#define ENTRIES		(2 * DEPTH)	/* a command of each tag, and one of the disk */
#define ALIGNMENT	4096
#define SECTOR_SHIFT	9

/* Beside the tag: whose completion it is. */
#define FROM_TARGET	(1 << 16)
#define FROM_CONTROL	(1 << 17)

/* Commands need the second half. */
struct entry {
	struct io_uring_sqe sqe;
	char more[64];
};

static int control, channel, target, ring;
static unsigned int device = -1;	/* the kernel chooses */
static struct entry *entries;
static struct io_uring_cqe *completions;
static unsigned int *tail, *done_head, *done_tail;
static unsigned int mask, done_mask, unsubmitted;
static const struct ublksrv_io_desc *descriptions;
static char *buffers;

static void need(int is_good, const char *what)
{
	if (!is_good) {
		perror(what);
		exit(1);
	}
}

static void *mapped(int fd, off_t offset, size_t bytes, int protection)
{
	void *place = mmap(NULL, bytes, protection, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, offset);

	need(place != MAP_FAILED, "mmap");
	return place;
}

static void make_ring(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQE128 };
	unsigned int *order;
	char *rings;

	ring = syscall(SYS_io_uring_setup, ENTRIES, &params);
	need(ring >= 0, "io_uring_setup");
	/* Both rings are in one mapping, in which the order of the entries is last. */
	rings = mapped(ring, IORING_OFF_SQ_RING, params.sq_off.array + params.sq_entries * sizeof(*order), PROT_READ | PROT_WRITE);
	tail = (void *)(rings + params.sq_off.tail);
	mask = params.sq_entries - 1;
	done_head = (void *)(rings + params.cq_off.head);
	done_tail = (void *)(rings + params.cq_off.tail);
	done_mask = params.cq_entries - 1;
	completions = (void *)(rings + params.cq_off.cqes);
	entries = mapped(ring, IORING_OFF_SQES, params.sq_entries * sizeof(*entries), PROT_READ | PROT_WRITE);
	order = (void *)(rings + params.sq_off.array);
	for (unsigned int place = 0; place < params.sq_entries; place++)
		order[place] = place;
}

/* An entry that is submitted by the next wait. */
static struct io_uring_sqe *begin(int operation, int fd, unsigned long long data)
{
	struct entry *next = &entries[*tail & mask];

	memset(next, 0, sizeof(*next));
	next->sqe.opcode = operation;
	next->sqe.fd = fd;
	next->sqe.user_data = data;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	unsubmitted++;
	return &next->sqe;
}

/* What a command says, behind its entry's own members. */
static void *begin_command(unsigned int operation, int fd, unsigned long long data)
{
	struct io_uring_sqe *sqe = begin(IORING_OP_URING_CMD, fd, data);

	sqe->cmd_op = operation;
	return (char *)sqe + offsetof(struct io_uring_sqe, cmd);
}

static void begin_control(unsigned int number, void *argument, size_t bytes)
{
	struct ublksrv_ctrl_cmd *command = begin_command(CONTROL(number), control, FROM_CONTROL);

	command->dev_id = device;
	command->queue_id = -1;
	command->addr = (unsigned long)argument;
	command->len = bytes;
	if (number == UBLK_CMD_START_DEV)
		command->data[0] = getpid();
}

/* Gives back what was done with an I/O, and asks for the next one. */
static void begin_fetch(unsigned int operation, unsigned int tag, int result)
{
	struct ublksrv_io_cmd *command = begin_command(OF_IO(operation), channel, tag);

	command->tag = tag;
	command->result = result;
	command->addr = (unsigned long)&buffers[tag * BUFFER_BYTES];
}

static void begin_io(unsigned int tag)
{
	const struct ublksrv_io_desc *io = &descriptions[tag];
	struct io_uring_sqe *sqe;

	switch (ublksrv_get_op(io)) {
	case UBLK_IO_OP_FLUSH:
		begin(IORING_OP_FSYNC, target, FROM_TARGET | tag)->fsync_flags = IORING_FSYNC_DATASYNC;
		return;
	case UBLK_IO_OP_READ:
		sqe = begin(IORING_OP_READ, target, FROM_TARGET | tag);
		break;
	case UBLK_IO_OP_WRITE:
		sqe = begin(IORING_OP_WRITE, target, FROM_TARGET | tag);
		break;
	default:
		begin_fetch(UBLK_IO_COMMIT_AND_FETCH_REQ, tag, -EOPNOTSUPP);
		return;
	}
	sqe->off = io->start_sector << SECTOR_SHIFT;
	sqe->addr = (unsigned long)&buffers[tag * BUFFER_BYTES];
	sqe->len = io->nr_sectors << SECTOR_SHIFT;
}

static int any_done(void)
{
	return *done_head != __atomic_load_n(done_tail, __ATOMIC_ACQUIRE);
}

/* Submits, and waits until something is done. */
static void submit_and_wait(void)
{
	int submitted;

	do {
		submitted = syscall(SYS_io_uring_enter, ring, unsubmitted, 1, IORING_ENTER_GETEVENTS, NULL, 0);
		need(submitted >= 0 || errno == EINTR, "io_uring_enter");
		unsubmitted -= submitted > 0 ? submitted : 0;
	} while (unsubmitted || !any_done());
}

/* Whose completion it is; the result is beside it. */
static unsigned long long take_done(int *result)
{
	const struct io_uring_cqe *done = &completions[*done_head & done_mask];
	unsigned long long data = done->user_data;

	*result = done->res;
	__atomic_store_n(done_head, *done_head + 1, __ATOMIC_RELEASE);
	return data;
}

static void need_done(int result, const char *what)
{
	errno = -result;
	need(result >= 0, what);
}

static void wait_for_control(const char *what)
{
	int result;

	submit_and_wait();
	take_done(&result);
	need_done(result, what);
}

static void add_disk(void)
{
	struct ublksrv_ctrl_dev_info info = {
		.nr_hw_queues = 1, .queue_depth = DEPTH, .max_io_buf_bytes = BUFFER_BYTES, .dev_id = device,
	};
	char path[32];

	control = open("/dev/ublk-control", O_RDWR);
	need(control >= 0, "/dev/ublk-control");
	begin_control(UBLK_CMD_ADD_DEV, &info, sizeof(info));
	wait_for_control("UBLK_CMD_ADD_DEV");
	device = info.dev_id;
	snprintf(path, sizeof(path), "/dev/ublkc%u", device);
	channel = open(path, O_RDWR);
	need(channel >= 0, path);
	descriptions = mapped(channel, UBLKSRV_CMD_BUF_OFFSET, DEPTH * sizeof(*descriptions), PROT_READ);
}

static void describe_disk(void)
{
	struct ublk_params params = {
		.len = sizeof(params), .types = UBLK_PARAM_TYPE_BASIC,
		.basic = { .attrs = UBLK_ATTR_VOLATILE_CACHE, .max_sectors = BUFFER_BYTES >> SECTOR_SHIFT },
	};
	int block = ALIGNMENT, shift;
	unsigned long long bytes;
	struct stat seen;

	need(!fstat(target, &seen), "fstat");
	bytes = seen.st_size;
	if (S_ISBLK(seen.st_mode))
		need(!ioctl(target, BLKGETSIZE64, &bytes) && !ioctl(target, BLKSSZGET, &block), "size");
	shift = __builtin_ctz(block);
	params.basic.logical_bs_shift = params.basic.physical_bs_shift = shift;
	params.basic.io_min_shift = params.basic.io_opt_shift = shift;
	params.basic.dev_sectors = bytes >> shift << (shift - SECTOR_SHIFT);
	begin_control(UBLK_CMD_SET_PARAMS, &params, sizeof(params));
	wait_for_control("UBLK_CMD_SET_PARAMS");
}

static void announce(void)
{
	printf("/dev/ublkb%u\n", device);
	/* Whoever reads the name reads until the end. */
	fclose(stdout);
}

/* What is done makes one more thing to do. Not so when the disk is removed. */
static int go_on(unsigned long long data, int result)
{
	if (data & FROM_CONTROL) {
		need_done(result, "UBLK_CMD_START_DEV");
		announce();
	} else if (data & FROM_TARGET) {
		begin_fetch(UBLK_IO_COMMIT_AND_FETCH_REQ, data & ~FROM_TARGET, result);
	} else if (result == UBLK_IO_RES_ABORT) {
		return 0;
	} else {
		need_done(result, "fetch");
		begin_io(data);
	}
	return 1;
}

static void serve(void)
{
	unsigned long long data;
	int result;

	for (unsigned int tag = 0; tag < DEPTH; tag++)
		begin_fetch(UBLK_IO_FETCH_REQ, tag, 0);
	/* It ends when partitions were looked for on the disk, which takes I/O. */
	begin_control(UBLK_CMD_START_DEV, NULL, 0);
	do {
		if (!any_done())
			submit_and_wait();
		data = take_done(&result);
	} while (go_on(data, result));
}

int main(int count, char **words)
{
	pid_t child;

	errno = EINVAL;
	need(count == 2, "ublkserver TARGET");
	target = open(words[1], O_RDWR | O_DIRECT);
	need(target >= 0, words[1]);
	child = fork();
	need(child >= 0, "fork");
	if (child)
		return 0;
	buffers = mapped(-1, 0, DEPTH * BUFFER_BYTES, PROT_READ | PROT_WRITE);
	make_ring();
	add_disk();
	describe_disk();
	serve();
	return 0;
}
