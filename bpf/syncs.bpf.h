/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fsync and fdatasync: how often and for how long, by file. A write with
 * O_DSYNC syncs its own range, and its latency has that: it is not counted here.
 */
#ifndef SYNCS_BPF_H
#define SYNCS_BPF_H

#include "completion.bpf.h"
#include "probe_tallies.h"

#define SYNC_WHOLE_FILE	0x7fffffffffffffffLL

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_MAX_SYNCED);
	__type(key, struct probe_synced_file);
	__type(value, struct probe_syncs);
} probe_syncs SEC(".maps");

/* Threads that are in a sync. */
struct sync_begun {
	struct probe_synced_file file;
	__u64 time;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct sync_begun);
} probe_in_sync SEC(".maps");

static __noinline int sync_begins(struct file *file, int datasync)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct sync_begun begun = {};
	__u32 first = 0;
	__u32 *active = bpf_map_lookup_elem(&probe_active, &first);
	struct super_block *sb;
	struct inode *inode;
	__u32 tid = pid_tgid;

	if (!active || !*active)
		return 0;
	inode = read_kernel(file, f_inode);
	sb = read_kernel(inode, i_sb);
	begun.file.dev = read_kernel(sb, s_dev);
	begun.file.inode = inode_number(inode);
	begun.file.datasync = !!datasync;
	if (!io_passes(pid_tgid >> 32, begun.file.dev, begun.file.inode))
		return 0;
	begun.time = bpf_ktime_get_ns();
	bpf_map_update_elem(&probe_in_sync, &tid, &begun, BPF_ANY);
	return 0;
}

static __noinline int sync_ends(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct sync_begun *begun = bpf_map_lookup_elem(&probe_in_sync, &tid);
	struct probe_syncs first = {};
	struct probe_synced_file file;
	struct probe_syncs *syncs;
	__u64 took;

	if (!begun)
		return 0;
	file = begun->file;
	took = bpf_ktime_get_ns() - begun->time;
	bpf_map_delete_elem(&probe_in_sync, &tid);
	syncs = bpf_map_lookup_elem(&probe_syncs, &file);
	if (!syncs) {
		first.tid = tid;
		bpf_map_update_elem(&probe_syncs, &file, &first, BPF_NOEXIST);
		syncs = bpf_map_lookup_elem(&probe_syncs, &file);
		if (!syncs)
			return 0;
	}
	__sync_fetch_and_add(&syncs->count, 1);
	__sync_fetch_and_add(&syncs->ns, took);
	return 0;
}

SEC("?fentry/vfs_fsync_range")
int BPF_PROG(sync_entered, struct file *file, loff_t start, loff_t end, int datasync)
{
	if (start || end != SYNC_WHOLE_FILE)
		return 0;
	return sync_begins(file, datasync);
}

SEC("?fexit/vfs_fsync_range")
int BPF_PROG(sync_left)
{
	return sync_ends();
}

/* Where functions cannot be probed. The tracepoints do not have the range. */
SEC("?tp_btf/ext4_sync_file_enter")
int BPF_PROG(ext4_sync_entered, struct file *file, int datasync)
{
	if (read_kernel(file, f_flags) & O_DSYNC)
		return 0;
	return sync_begins(file, datasync);
}

SEC("?tp_btf/ext4_sync_file_exit")
int BPF_PROG(ext4_sync_left)
{
	return sync_ends();
}

#endif
