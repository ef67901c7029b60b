/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are opened for direct I/O, by file system: where none of the ways
 * into direct I/O is then taken, user space knows whose I/Os are not followed.
 */
#ifndef OPENS_BPF_H
#define OPENS_BPF_H

#include "filters.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MAX_OPENED);
	__type(key, __u32);		/* s_dev */
	__type(value, struct probe_opens);
} probe_opened SEC(".maps");

SEC("?fentry/vfs_open")
int BPF_PROG(file_opened, struct path *path, struct file *file)
{
	struct dentry *dentry;
	struct super_block *sb;
	struct inode *inode;
	struct probe_opens first = { .files = 1 };
	struct probe_opens *opened;
	__u32 flags = read_kernel(file, f_flags);
	__u32 dev;

	if (!(flags & O_DIRECT))
		return 0;
	if (probe_settings.filter_task && !task_passes(bpf_get_current_pid_tgid() >> 32))
		return 0;
	if (probe_settings.filter_comm && !comm_passes())
		return 0;
	dentry = read_kernel(path, dentry);
	inode = read_kernel(dentry, d_inode);
	/* A block device is found under its own number. */
	if (!inode || (read_kernel(inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	sb = read_kernel(dentry, d_sb);
	dev = read_kernel(sb, s_dev);
	if (probe_settings.filter_device && !device_passes(dev))
		return 0;
	if (probe_settings.filter_inode && probe_settings.inode != read_kernel(inode, i_ino))
		return 0;
	first.for_writing = (flags & O_ACCMODE) != O_RDONLY;
	opened = bpf_map_lookup_elem(&probe_opened, &dev);
	if (!opened) {
		bpf_map_update_elem(&probe_opened, &dev, &first, BPF_NOEXIST);
		return 0;
	}
	__sync_fetch_and_add(&opened->files, 1);
	__sync_fetch_and_add(&opened->for_writing, first.for_writing);
	return 0;
}

#endif
