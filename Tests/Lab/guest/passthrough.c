// SPDX-License-Identifier: GPL-2.0-only
/*
 * A FUSE server of one file that hands its I/O through to another one: passthrough FILE MOUNTPOINT. The kernel does the I/O
 * by itself then, as overlayfs does. It ends when it is unmounted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of kernels since 6.9; the headers here may be older. */
#define INIT_EXT		(1U << 30)
#define PASSTHROUGH_FLAG2	(1U << 5)
#define OPEN_PASSTHROUGH	(1U << 7)

struct backing_map {
	int fd;
	unsigned int flags;
	unsigned long long padding;
};

#define BACKING_OPEN	_IOW(229, 1, struct backing_map)

#define THE_FILE	2

static int device;
static int backing = -1;
static int backing_id;
static const char *path;

static void need(int is_good, const char *what)
{
	if (!is_good) {
		perror(what);
		exit(1);
	}
}

static void reply(unsigned long long unique, int error, const void *data, size_t length)
{
	char buffer[sizeof(struct fuse_out_header) + 256];
	struct fuse_out_header *out = (void *)buffer;

	out->len = sizeof(*out) + length;
	out->error = -error;
	out->unique = unique;
	if (length)
		memcpy(out + 1, data, length);
	if (write(device, buffer, out->len) < 0 && errno != ENOENT)
		perror("reply");
}

static struct fuse_attr attributes(int is_file)
{
	struct fuse_attr attr = { .ino = FUSE_ROOT_ID, .mode = S_IFDIR | 0755, .nlink = 2, .blksize = 4096 };
	struct stat seen;

	if (!is_file || stat(path, &seen))
		return attr;
	attr.ino = THE_FILE;
	attr.mode = seen.st_mode;
	attr.nlink = 1;
	attr.size = seen.st_size;
	attr.blocks = seen.st_blocks;
	return attr;
}

static void reply_entry(unsigned long long unique, const struct fuse_open_out *opened)
{
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out opened;
	} out = { .entry = { .nodeid = THE_FILE, .attr = attributes(1) } };

	if (opened)
		out.opened = *opened;
	reply(unique, 0, &out, sizeof(out.entry) + (opened ? sizeof(*opened) : 0));
}

/* All who have it open share one. */
static struct fuse_open_out hand_through(void)
{
	struct fuse_open_out out = { .open_flags = OPEN_PASSTHROUGH };
	struct backing_map map = { 0 };

	if (backing < 0) {
		backing = open(path, O_RDWR | O_CREAT, 0644);
		need(backing >= 0, path);
		map.fd = backing;
		backing_id = ioctl(device, BACKING_OPEN, &map);
		need(backing_id > 0, "FUSE_DEV_IOC_BACKING_OPEN");
	}
	out.padding = backing_id;
	return out;
}

static void begin(const struct fuse_in_header *in, const struct fuse_init_in *wanted)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION, .minor = 40, .max_readahead = wanted->max_readahead, .max_background = 64,
		.congestion_threshold = 48, .max_write = 1 << 17, .time_gran = 1, .flags = INIT_EXT | FUSE_BIG_WRITES,
		.flags2 = PASSTHROUGH_FLAG2,
	};

	errno = EOPNOTSUPP;
	need(wanted->flags & INIT_EXT && wanted->flags2 & PASSTHROUGH_FLAG2, "passthrough");
	out.unused[0] = 1;	/* max_stack_depth */
	reply(in->unique, 0, &out, sizeof(out));
}

static void serve(const struct fuse_in_header *in, const void *argument)
{
	struct fuse_attr_out attr = { .attr = attributes(in->nodeid == THE_FILE) };
	struct fuse_open_out opened;

	switch (in->opcode) {
	case FUSE_INIT:
		begin(in, argument);
		return;
	case FUSE_LOOKUP:
		if (access(path, F_OK) || strcmp(argument, "file"))
			reply(in->unique, ENOENT, 0, 0);
		else
			reply_entry(in->unique, 0);
		return;
	case FUSE_SETATTR:
		if (((const struct fuse_setattr_in *)argument)->valid & FATTR_SIZE)
			need(!truncate(path, ((const struct fuse_setattr_in *)argument)->size), "truncate");
		attr.attr = attributes(1);
		/* fallthrough */
	case FUSE_GETATTR:
		reply(in->unique, 0, &attr, sizeof(attr));
		return;
	case FUSE_CREATE:
		opened = hand_through();
		reply_entry(in->unique, &opened);
		return;
	case FUSE_OPEN:
		opened = hand_through();
		reply(in->unique, 0, &opened, sizeof(opened));
		return;
	case FUSE_UNLINK:
		reply(in->unique, EPERM, 0, 0);
		return;
	case FUSE_FSYNC:
		reply(in->unique, backing >= 0 && fsync(backing) ? errno : 0, 0, 0);
		return;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		reply(in->unique, 0, 0, 0);
		return;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return;
	default:
		reply(in->unique, ENOSYS, 0, 0);
	}
}

int main(int count, char **words)
{
	static char request[(1 << 17) + 4096];
	char options[80];
	pid_t child;

	errno = EINVAL;
	need(count == 3, "passthrough FILE MOUNTPOINT");
	path = words[1];
	device = open("/dev/fuse", O_RDWR);
	need(device >= 0, "/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
	need(!mount("passthrough", words[2], "fuse", 0, options), "mount");
	child = fork();
	need(child >= 0, "fork");
	if (child)
		return 0;
	while (read(device, request, sizeof(request)) > 0 || errno == EINTR || errno == ENOENT)
		serve((void *)request, request + sizeof(struct fuse_in_header));
	return errno != ENODEV;
}
