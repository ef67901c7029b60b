/* SPDX-License-Identifier: GPL-2.0-only */
/* The ways into direct I/O: filters, a slot, what is known of the I/O at submit. */
#ifndef SUBMIT_BPF_H
#define SUBMIT_BPF_H

#include "filters.bpf.h"
#include "left_out.bpf.h"
#include "occupants.bpf.h"
#include "layers.bpf.h"
#include "lost.bpf.h"
#include "punts.bpf.h"
#include "rings.bpf.h"
#include "submissions.bpf.h"

verified_once_with_memory int introduce_submitter(struct probe_cpu *cpu, __u64 pid_tgid)
{
	struct probe_task task = { .kind = PROBE_RECORD_TASK };
	__u32 tid = (__u32)pid_tgid;
	__u8 *marks = marks_of(tid);

	if (!cpu || !marks || *marks & PROBE_MARK_SUBMITTER)
		return 0;
	*marks |= PROBE_MARK_SUBMITTER;
	cpu->is_marked_here = 0;
	if (clocks_run())
		occupy_as(cpu, occupant_of(cpu, current_task()), tid, charge_until_now(cpu));
	task.tid = tid;
	task.tgid = pid_tgid >> 32;
	bpf_get_current_comm(task.comm, sizeof(task.comm));
	emit(struct probe_task, &task, &cpu->names, &cpu->names_full);
	return 0;
}

/* A thread's first I/O: its name is sent, and from now on it occupies the CPU as a submitter. */
static __always_inline void know_submitter(struct probe_cpu *cpu, __u64 pid_tgid)
{
	/* What came to the CPU as one is known already. */
	if (cpu->task_occupant != PROBE_OCCUPANT_SUBMITTER || cpu->occupant_tid != (__u32)pid_tgid)
		introduce_submitter(cpu, pid_tgid);
}

static __always_inline __u32 submit_facts(__u32 ki_flags)
{
	__u32 facts = 0;

	if (ki_flags & IOCB_DSYNC)
		facts |= PROBE_FACT_DSYNC;
	if (ki_flags & IOCB_SYNC)
		facts |= PROBE_FACT_SYNC;
	if (ki_flags & IOCB_HIPRI)
		facts |= PROBE_FACT_HIPRI;
	if (ki_flags & IOCB_NOWAIT)
		facts |= PROBE_FACT_NOWAIT;
	return facts;
}

/* io_uring may not wait for what the page cache has to do, and goes on in a worker. */
static __always_inline bool is_punted(const struct probe_io *io, __u64 position)
{
	return stopped_midway(io) && io->facts & PROBE_FACT_NOWAIT && io->issuer == PROBE_ISSUER_IO_URING &&
	       io->offset_bytes == position;
}

/* This kiocb's slot from before, if its end was missed. */
static __always_inline struct probe_io *slot_restart(struct probe_cpu *cpu, __u64 key, __u64 position)
{
	struct probe_io *io = slot_may_exist(key) ? slot_find(key) : 0;

	if (!io)
		return 0;
	if (is_punted(io, position) || (!io->completed_ns && came_to_nothing(io)))
		__sync_fetch_and_add(&cpu->restarted, 1);
	else
		io_is_over(cpu, io);
	return io;
}

/*
 * What met a page that is not in memory ended there, or before it began. btrfs
 * and gfs2 fetch the page and go on with the rest: that is one I/O.
 */
static __always_inline bool goes_on(struct probe_io *io, __u32 tid, __u64 left, __u64 position)
{
	if (!io || !stopped_midway(io) || io->submitter_tid != tid || left > io->length_bytes ||
	    position != io->offset_bytes + io->length_bytes - left)
		return false;
	io->completed_ns = 0;
	io->facts &= ~PROBE_FACT_BY_SUBMITTER;
	return true;
}

/* What is left of it is behind the end of the file: it was complete as it was, and no other completion comes. */
static __always_inline bool has_ended(struct probe_cpu *cpu, struct probe_io *io, __u64 key, bool reads_nothing)
{
	if (!io || !reads_nothing || !stopped_midway(io))
		return false;
	emit_io(cpu, io);
	slot_free(key);
	return true;
}

/* What the three ways into direct I/O know. */
struct beginning {
	struct probe_cpu *cpu;
	struct kiocb *iocb;
	const void *complete;		/* ki_complete of the user's: this one, or the one that a file system made it for */
	struct iov_iter *iter;
	__u64 key;			/* of the user's */
	bool user_is_another;
	__u32 dev;
	__u64 inode;
	__u32 facts;
};

/*
 * A loop device's I/O to its own file is a part of the one that was made to the
 * loop device, where that is followed.
 */
static __always_inline bool is_of_layer(const struct beginning *this)
{
	struct probe_io *io;
	__u64 above;

	if (!probe_settings.layers || is_users(this->complete))
		return false;
	above = io_above(this->key, false);
	if (!above || above == this->key)
		return false;
	io = slot_find(above);
	if (io)
		layer_worker_begins(io);
	return true;
}

/*
 * The submitter goes on, and the device does not have it yet: it is in a plug, a scheduler, or held
 * back. One that slept for a tag on its way let go of it when it fell asleep.
 */
verified_once_with_memory int submission_returns(struct probe_cpu *cpu)
{
	__u64 now = bpf_ktime_get_ns();
	struct probe_life *life;
	struct probe_io *io;

	if (!cpu)
		return 0;
	io = slot_find(cpu->begun_key);
	cpu->begun_ns = 0;
	if (!io || io->issued_ns || io->completed_ns || io->submitter_tid != cpu->begun_tid)
		return 0;
	life = life_of(io);
	if (!life->returned_ns)
		life->returned_ns = now;
	return 0;
}

/* Most have been issued by then. */
static __always_inline void submission_over(struct probe_cpu *cpu)
{
	if (cpu && cpu->begun_ns && cpu->begun_tid == (__u32)bpf_get_current_pid_tgid())
		submission_returns(cpu);
}

/* Two neighbours in a slot by one store: there are many to be made for every I/O. */
static __always_inline void set_two(__u32 *first, __u32 low, __u32 high)
{
	__u64 both = low | (__u64)high << 32;

	__builtin_memcpy(first, &both, sizeof(both));
}

#define NEIGHBOURS(member, next)						\
	_Static_assert(__builtin_offsetof(struct probe_io, next) ==		\
		       __builtin_offsetof(struct probe_io, member) + sizeof(__u32) &&	\
		       __builtin_offsetof(struct probe_io, member) % sizeof(__u64) == 0, "set by one store")
NEIGHBOURS(kind, submit_cpu);
NEIGHBOURS(worker_cpu, facts);
NEIGHBOURS(dev, length_bytes);
NEIGHBOURS(submitter_tid, worker_tid);
NEIGHBOURS(irq, error);

/* Nothing is known of what comes after the begin. */
static __always_inline void slot_begins(struct probe_io *io, enum probe_issuer issuer, __u32 facts, __u32 tid)
{
	struct probe_waited_io *waited = (struct probe_waited_io *)io;

	set_two((__u32 *)&io->kind, PROBE_RECORD_IO | issuer << 8,
		(__u16)bpf_get_smp_processor_id() | PROBE_NO_CPU << 16);
	set_two((__u32 *)&io->worker_cpu, PROBE_NO_CPU | PROBE_NO_CPU << 16, facts);
	__builtin_memset(&io->issued_ns, 0,
			 __builtin_offsetof(struct probe_io, inode) - __builtin_offsetof(struct probe_io, issued_ns));
	set_two(&io->submitter_tid, tid, 0);
	set_two(&io->irq, PROBE_NO_IRQ, 0);
	__builtin_memset(&waited->queue_wait, 0, 2 * sizeof(struct probe_occupied));
}

/* At or behind the end of the file, or of the disk: it returns at once, and no completion comes. */
static __always_inline bool reads_nothing(struct kiocb *iocb, __u64 position, __u64 length)
{
	struct file *file = read_kernel(iocb, ki_filp);
	struct address_space *mapping = read_kernel(file, f_mapping);
	struct inode *host = read_kernel(mapping, host);

	return !length || position >= (__u64)read_kernel(host, i_size);
}

/* Is ki_complete the only sign of its completion? What only meets a page that is not in memory may go on elsewhere. */
static __always_inline bool needs_ki_complete(const struct beginning *this)
{
	return this->complete && (this->user_is_another || this->facts & (PROBE_FACT_LEGACY | PROBE_FACT_BLOCK_DEVICE |
									 PROBE_FACT_PARTIAL));
}

/* It cannot be recorded for the moment: in bursts of a load that did not need them, those programs are detached. */
static __always_inline bool ends_unseen(const struct beginning *this)
{
	return probe_settings.pauses && needs_ki_complete(this) && !demand_ki_complete();
}

static __always_inline int io_begin(const struct beginning *this)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct kiocb *iocb = this->iocb;
	struct iov_iter *iter = this->iter;
	__u64 length = read_kernel(iter, count);
	__u64 position = read_kernel(iocb, ki_pos);
	struct probe_cpu *cpu = this->cpu;
	struct probe_io *io;
	__u64 key = this->key;
	enum probe_issuer issuer;
	bool writes = iter_is_write(iter);
	__u32 facts;

	if (!cpu || is_of_layer(this))
		return 0;
	/* Its submission before this one has returned, where nothing else says so: kernels before 6.5, fs/direct-io.c. */
	submission_over(cpu);
	if (this->facts & PROBE_FACT_PARTIAL) {
		io = slot_find(key);
		if (has_ended(cpu, io, key, !writes && reads_nothing(iocb, position, length)) ||
		    goes_on(io, (__u32)pid_tgid, length, position))
			return 0;
	}
	if (!io_passes(pid_tgid >> 32, this->dev, this->inode)) {
		__sync_fetch_and_add(&cpu->filtered, 1);
		count_left_out(pid_tgid >> 32);
		return 0;
	}
	know_submitter(cpu, pid_tgid);
	if (is_left_out() || ends_unseen(this)) {
		__sync_fetch_and_add(&cpu->sampled_out, 1);
		return 0;
	}
	__sync_fetch_and_add(&cpu->begins, 1);
	if (!writes && reads_nothing(iocb, position, length)) {
		__sync_fetch_and_add(&cpu->restarted, 1);
		return 0;
	}
	io = slot_restart(cpu, key, position);
	if (!io)
		io = slot_claim(key);
	if (!io)
		io = slot_take_over(cpu, key);
	if (!io) {
		__sync_fetch_and_add(&cpu->slots_full, 1);
		return 0;
	}

	issuer = issuer_by(this->complete);
	facts = this->facts | submit_facts(read_kernel(iocb, ki_flags));
	if (writes)
		facts |= PROBE_FACT_WRITE;
	if (issuer_polls(this->complete))
		facts |= PROBE_FACT_HIPRI;
	slot_begins(io, issuer, facts, (__u32)pid_tgid);
	if (probe_settings.stacked_disks)
		__builtin_memset(((struct probe_layered *)io)->layers, 0, sizeof(struct probe_layer) * PROBE_LAYERS);
	if (this->user_is_another)
		life_of(io)->marks |= PROBE_LIFE_STACKED;
	io->inode = this->inode;
	io->offset_bytes = position;
	set_two(&io->dev, this->dev, length > 0xffffffffULL ? 0xffffffffU : length);
	io->submitted_ns = bpf_ktime_get_ns();
	if (probe_settings.punts_seen && issuer == PROBE_ISSUER_IO_URING && is_io_worker(current_task()))
		taken_over(io, key);
	if (cpu->begun_ns && cpu->begun_tid != (__u32)pid_tgid)
		set_aside(cpu);
	cpu->begun_tid = (__u32)pid_tgid;
	cpu->begun_key = key;
	cpu->begun_ns = io->submitted_ns;
	return 0;
}

SEC("?tp_btf/iomap_dio_rw_queued")
int BPF_PROG(submission_returned)
{
	submission_over(this_cpu());
	return 0;
}

/* ---- iomap: ext4, xfs and most others ---- */

/*
 * What a file system made this kiocb for. An I/O that had it, and whose completion was missed, must not
 * be taken for that one.
 */
static __noinline __u64 key_of_user(struct probe_cpu *cpu, __u64 iocb)
{
	__u64 key = user_iocb(iocb);
	struct probe_io *before = key == iocb || !cpu ? 0 : slot_find(iocb);

	if (!before)
		return key;
	io_is_over(cpu, before);
	slot_free(iocb);
	return key;
}

/* - counts: see counted_in_pause() */
static __always_inline int iomap_begin(struct kiocb *iocb, struct iov_iter *iter, __u32 dio_flags,
				       bool counts)
{
	struct probe_cpu *cpu = this_cpu_in_pause();
	const void *complete = (const void *)read_kernel(iocb, ki_complete);
	struct beginning this = { .cpu = cpu, .iocb = iocb, .iter = iter };
	struct super_block *sb;
	struct kiocb *user;
	struct inode *inode;
	struct file *file;
	bool is_another;
	__u64 key;

	if (counted_in_pause(cpu, complete, counts))
		return 0;
	is_another = probe_settings.files_stack && !is_users(complete);
	this.facts = (dio_flags & IOMAP_DIO_FORCE_WAIT ? PROBE_FACT_FORCE_WAIT : 0) |
		     (dio_flags & IOMAP_DIO_PARTIAL ? PROBE_FACT_PARTIAL : 0);
	key = cpu ? iocb_key(cpu, PROBE_KEY_BEGIN, iocb) : 0;
	if (is_another)
		key = key_of_user(cpu, key);
	user = iocb;
	if (is_another) {
		user = cast_kernel(struct kiocb, key);
		complete = (const void *)read_kernel(user, ki_complete);
		this.user_is_another = is_users(complete);
	}
	file = read_kernel(user, ki_filp);
	inode = read_kernel(file, f_inode);
	sb = read_kernel(inode, i_sb);
	this.key = key;
	this.complete = complete;
	this.dev = read_kernel(sb, s_dev);
	this.inode = inode_number(inode);
	return io_begin(&this);
}

SEC("?tp_btf/iomap_dio_rw_begin")
int BPF_PROG(dio_began, struct kiocb *iocb, struct iov_iter *iter, __u32 dio_flags)
{
	return iomap_begin(iocb, iter, dio_flags, true);
}

/* What a filter concerns, or the kernel began itself. Apart, for the other way to be short. */
static __noinline int count_after_all(struct kiocb *iocb, struct iov_iter *iter, __u32 dio_flags)
{
	return iomap_begin(cast_kernel(struct kiocb, iocb), cast_kernel(struct iov_iter, iter), dio_flags, true);
}

/* Instead of the kprobe, which costs twice as much, while nothing but counting is done. */
SEC("?tp_btf/iomap_dio_rw_begin")
int BPF_PROG(dio_counted, struct kiocb *iocb, struct iov_iter *iter, __u32 dio_flags)
{
	if (!is_paused() || counted_in_pause(this_cpu_in_pause(), (const void *)read_kernel(iocb, ki_complete), true))
		return 0;
	return count_after_all(iocb, iter, dio_flags);
}

/*
 * Before 3fd41721cd5c (6.5) there is no tracepoint. iomap_dio_rw calls this
 * function; since c3d4ed1abecf (5.10) btrfs does so itself, and so does f2fs.
 * Before 2f63296578ca (5.12) dio_flags is a bool, its lowest bit, "wait".
 */
SEC("?fentry/__iomap_dio_rw")
int BPF_PROG(dio_rw_entered, struct kiocb *iocb, struct iov_iter *iter, const struct iomap_ops *ops,
	     const struct iomap_dio_ops *dio_ops, __u32 dio_flags)
{
	return iomap_begin(iocb, iter, dio_flags, true);
}

/* Where it has more arguments than fentry takes (786f847f43a5, 5.19), or tracepoints are preempted. */
SEC("?kprobe/__iomap_dio_rw")
int BPF_KPROBE(dio_rw_probed, struct kiocb *iocb, struct iov_iter *iter, const struct iomap_ops *ops,
	       const struct iomap_dio_ops *dio_ops, __u32 dio_flags)
{
	return iomap_begin(cast_kernel(struct kiocb, iocb), cast_kernel(struct iov_iter, iter), dio_flags,
			   !probe_settings.counted_apart);
}

/* Small reads of 7.3 go past __iomap_dio_rw, but not past the tracepoint. */
SEC("?kprobe/__iomap_dio_read_simple")
int BPF_KPROBE(simple_read_probed, struct kiocb *iocb, struct iov_iter *iter)
{
	return iomap_begin(cast_kernel(struct kiocb, iocb), cast_kernel(struct iov_iter, iter), 0,
			   !probe_settings.counted_apart);
}

/* io_uring hands a request to a worker, where it begins: anew, if its submission came to nothing. */
SEC("?tp_btf/io_uring_queue_async_work")
int BPF_PROG(request_punted, void *request)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;
	__u64 key;

	if (!cpu)
		return 0;
	/* A kiocb is the first member of its io_kiocb. */
	key = iocb_key(cpu, PROBE_KEY_PUNT, request);
	io = slot_find(key);
	handed_over(io, key);
	if (!io || io->completed_ns)
		return 0;
	__sync_fetch_and_add(&cpu->restarted, 1);
	slot_free(key);
	return 0;
}

/* ---- fs/direct-io.c: vfat and other old users ---- */

SEC("?kprobe/__blockdev_direct_IO")
int BPF_KPROBE(legacy_began, struct kiocb *iocb, struct inode *any_inode, struct block_device *device,
	       struct iov_iter *iter)
{
	struct inode *inode = cast_kernel(struct inode, any_inode);
	struct super_block *sb = read_kernel(inode, i_sb);
	struct probe_cpu *cpu = this_cpu_in_pause();
	__u64 key = cpu ? iocb_key(cpu, PROBE_KEY_LEGACY_BEGIN, iocb) : 0;
	struct kiocb *ours = cast_kernel(struct kiocb, key);
	struct beginning this = {
		.cpu = cpu,
		.iocb = ours,
		.complete = (const void *)read_kernel(ours, ki_complete),
		.iter = cast_kernel(struct iov_iter, iter),
		.key = key,
		.dev = read_kernel(sb, s_dev),
		.inode = inode_number(inode),
		.facts = PROBE_FACT_LEGACY,
	};

	if (counted_in_pause(cpu, this.complete, true))
		return 0;
	return io_begin(&this);
}

#endif
