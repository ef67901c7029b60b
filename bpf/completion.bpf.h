/* SPDX-License-Identifier: GPL-2.0-only */
/* Completion: the slot becomes a record, is sent and freed. */
#ifndef COMPLETION_BPF_H
#define COMPLETION_BPF_H

#include "submitter_wait.bpf.h"
#include "worker.bpf.h"

/*
 * Will io_req_rw_complete be called for it? Not when it polls, or when its
 * submission itself returns the result, instead of calling ki_complete.
 */
static __always_inline bool task_work_follows(const struct probe_io *io, bool is_called_back)
{
	return probe_settings.task_work_seen && io->issuer == PROBE_ISSUER_IO_URING &&
	       !(io->facts & PROBE_FACT_HIPRI) && (is_called_back || !(io->facts & PROBE_FACT_BY_SUBMITTER));
}

/* Made by a file system for another kiocb, which is completed after it; unless the submitter did all. */
static __always_inline bool user_follows(const struct probe_io *io)
{
	return io->kind >= PROBE_RECORD_LIFE && ((const struct probe_life *)io)->marks & PROBE_LIFE_STACKED &&
	       !(io->facts & PROBE_FACT_BY_SUBMITTER);
}

/* Is the next that this CPU does with it to call its ki_complete? */
static __always_inline bool iocb_follows(const struct probe_io *io)
{
	return (io->issuer == PROBE_ISSUER_LIBAIO || io->issuer == PROBE_ISSUER_IO_URING) &&
	       !(io->facts & (PROBE_FACT_BY_SUBMITTER | PROBE_FACT_CALLER_COMP | PROBE_FACT_LEGACY |
			      PROBE_FACT_BLOCK_DEVICE));
}

static __always_inline void io_send(struct probe_cpu *cpu, struct probe_io *io, __u64 key)
{
	emit_io(cpu, io);
	slot_free(key);
}

#define EAGAIN		11
#define EFAULT		14
#define EOPNOTSUPP	95

/*
 * io_uring tries without waiting first; what would have to wait, or is for a
 * device that always may, comes to nothing and begins again in a worker. Where
 * the user asked for no wait, that is the result; and where it comes from a
 * device that cannot do it, such as one that is polled without a queue for that.
 */
static __always_inline bool is_tried_again(const struct probe_io *io, __u64 key, long ret, bool is_called_back)
{
	return (ret == -EAGAIN || (ret == -EOPNOTSUPP && !is_called_back)) && io->facts & PROBE_FACT_NOWAIT &&
	       io->issuer == PROBE_ISSUER_IO_URING && !must_not_wait(key);
}

/*
 * Complete; the submitter may be asleep. It is looked for where it was when it
 * submitted. Switched to a submitter elsewhere since, that CPU knows nothing of it.
 */
static __always_inline void awaits_reaping(const struct probe_io *io, struct probe_cpu *here)
{
	struct probe_cpu *cpu = io->submit_cpu == bpf_get_smp_processor_id() ? here : cpu_at(io->submit_cpu);
	__u64 left_ns;

	if (!cpu)
		return;
	left_ns = *(volatile __u64 *)&cpu->submitter_left_ns;
	if (cpu->task_occupant == PROBE_OCCUPANT_SUBMITTER && cpu->occupant_tid == io->submitter_tid)
		here->completed_awake++;
	/* On 7.x others may have run since the completion, in the midst of this: the submitter too. */
	else if (cpu->submitter_left_tid == io->submitter_tid && left_ns <= io->completed_ns)
		__sync_fetch_and_add(&cpu->unreaped, (1ULL << PROBE_UNREAPED_SHIFT) + (io->completed_ns - left_ns));
}

/* From now on its submitter has to run for it. Returns when that is. */
static __always_inline __u64 waits_for_task_work(struct probe_cpu *cpu, struct probe_io *io, __u64 key)
{
	__u64 now;

	if (!clocks_run())
		return bpf_ktime_get_ns();
	now = submitter_wait_begins(io, cpu);
	note_sleep(slot_of(io), key, now);
	return now;
}

/* A submitter that slept for it had to get a CPU first. */
verified_once_with_memory int complete_after_sleep(struct probe_cpu *cpu, struct probe_deep *slot)
{
	struct probe_io *io = io_in(slot);
	struct probe_occupied clocks;

	if (!cpu || !slot)
		return 0;
	io->completed_ns = read_clocks(cpu, &clocks);
	submitter_wait_ends(cpu, io, &clocks, io->ended_ns, io->completed_ns);
	return 0;
}

static __always_inline void complete_now(struct probe_cpu *cpu, struct probe_io *io)
{
	if (io->facts & PROBE_FACT_TASK_WORK_CLOCKS)
		complete_after_sleep(cpu, slot_of(io));
	else
		io->completed_ns = bpf_ktime_get_ns();
}

/* - is_called_back: this is its ki_complete. */
static __always_inline void io_complete(struct probe_cpu *cpu, struct probe_io *io, __u64 key, long ret,
					bool is_called_back)
{
	if (is_tried_again(io, key, ret, is_called_back)) {
		attempt_fails(io, key);
		__sync_fetch_and_add(&cpu->restarted, 1);
		slot_free(key);
		return;
	}
	completes_here(cpu, io);
	io->error = ret < 0 ? ret : 0;
	if (is_of_task(io->complete_context) && !io->started_ns &&
	    (__u32)bpf_get_current_pid_tgid() == io->submitter_tid)
		io->facts |= PROBE_FACT_BY_SUBMITTER;
	if (!task_work_follows(io, is_called_back) || user_follows(io)) {
		complete_now(cpu, io);
		if (user_follows(io))
			return;
		if (stopped_midway(io) && (ret == -EFAULT || (ret >= 0 && ret < io->length_bytes)))
			return;
		if (clocks_run() && !(io->facts & PROBE_FACT_BY_SUBMITTER))
			awaits_reaping(io, cpu);
		if (iocb_follows(io))
			cpu->sent_key = key;
		io_send(cpu, io, key);
		return;
	}
	io->completed_ns = waits_for_task_work(cpu, io, key);
}

/* ---- iomap ---- */

/* Set while I/Os are let in: only then does a completion without a slot belong to an earlier begin. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} probe_active SEC(".maps");

static __always_inline bool begun_before_us(void)
{
	__u32 first = 0;
	__u32 *active = bpf_map_lookup_elem(&probe_active, &first);

	return active && *active && !filtered_at_all();
}

static __always_inline int iomap_complete(struct probe_cpu *cpu, struct probe_io *io, __u64 key, long ret)
{
	if (io)
		io_complete(cpu, io, key, ret, false);
	/* A layer's own, loop's to its file, is part of another. */
	else if (begun_before_us() && !(probe_settings.layers && io_above(key, false)))
		__sync_fetch_and_add(&cpu->unmatched, 1);
	return 0;
}

SEC("?tp_btf/iomap_dio_complete")
int BPF_PROG(dio_completed, struct kiocb *iocb, int error, long ret)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;
	__u64 key;

	if (!cpu)
		return 0;
	key = iocb_key(cpu, PROBE_KEY_COMPLETE, iocb);
	io = io_at(iocb, &key);
	return iomap_complete(cpu, io, key, error ? error : ret);
}

/*
 * Before 3fd41721cd5c (6.5) there is no tracepoint. iomap_dio_complete frees the dio, so that
 * its kiocb has to be remembered from entry to return.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, __u64);
} probe_completing SEC(".maps");

SEC("?fentry/iomap_dio_complete")
int BPF_PROG(completion_entered, struct iomap_dio *dio)
{
	struct probe_cpu *cpu = this_cpu();
	__u64 key = (__u64)dio;
	__u64 iocb;

	if (!cpu)
		return 0;
	iocb = iocb_key(cpu, PROBE_KEY_COMPLETE, read_kernel(dio, iocb));
	bpf_map_update_elem(&probe_completing, &key, &iocb, BPF_ANY);
	return 0;
}

SEC("?fexit/iomap_dio_complete")
int BPF_PROG(completion_left, struct iomap_dio *dio, long ret)
{
	struct probe_cpu *cpu = this_cpu();
	__u64 key = (__u64)dio;
	__u64 *found = bpf_map_lookup_elem(&probe_completing, &key);
	struct probe_io *io;
	__u64 iocb;

	if (!found || !cpu)
		return 0;
	iocb = *found;
	bpf_map_delete_elem(&probe_completing, &key);
	io = io_at(cast_kernel(struct kiocb, iocb), &iocb);
	return iomap_complete(cpu, io, iocb, ret);
}

/* ---- fs/direct-io.c and block devices: nothing comes after their own code but ki_complete ---- */

#define DIO_COMPLETE_ASYNC	0x01
#define EIOCBQUEUED		529

/* Without DIO_COMPLETE_ASYNC the result goes back to the submitter, past ki_complete. */
SEC("?fentry/dio_complete")
int BPF_PROG(legacy_completed, struct dio *dio, long ret, __u32 flags)
{
	struct probe_cpu *cpu = this_cpu();
	int io_error = read_kernel(dio, io_error);
	struct probe_io *io;
	__u64 key;

	if (!cpu || flags & DIO_COMPLETE_ASYNC)
		return 0;
	key = iocb_key(cpu, PROBE_KEY_LEGACY_COMPLETE, read_kernel(dio, iocb));
	io = slot_find(key);
	/* A submitter that meant to queue it and found it done passes -EIOCBQUEUED. */
	if (io)
		io_complete(cpu, io, key, ret == -EIOCBQUEUED || ret >= 0 ? io_error : ret, false);
	return 0;
}

/* Not queued: the I/O is done, and its kiocb still the submitter's. */
static __always_inline int block_device_return(struct kiocb *iocb, long ret, enum probe_key_user key_user)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;
	__u64 key;

	if (!cpu)
		return 0;
	if (ret == -EIOCBQUEUED) {
		submission_over(cpu);
		return 0;
	}
	key = block_device_key(cpu, key_user, iocb);
	io = slot_find(key);
	if (io && io->facts & PROBE_FACT_BLOCK_DEVICE)
		io_complete(cpu, io, key, ret, false);
	return 0;
}

SEC("?fexit/blkdev_read_iter")
int BPF_PROG(block_device_read_returned, struct kiocb *iocb, struct iov_iter *iter, long ret)
{
	return block_device_return(iocb, ret, PROBE_KEY_BLOCK_DEVICE_READ_RETURN);
}

SEC("?fexit/blkdev_write_iter")
int BPF_PROG(block_device_write_returned, struct kiocb *iocb, struct iov_iter *iter, long ret)
{
	return block_device_return(iocb, ret, PROBE_KEY_BLOCK_DEVICE_WRITE_RETURN);
}

/* A file system has completed the user's kiocb, the last thing that it does. */
static __always_inline void user_complete(struct probe_cpu *cpu, struct probe_io *io, __u64 key)
{
	if (task_work_follows(io, true)) {
		io->iocb_completed_ns = waits_for_task_work(cpu, io, key);
		return;
	}
	io->iocb_completed_ns = bpf_ktime_get_ns();
	if (clocks_run())
		awaits_reaping(io, cpu);
	io_send(cpu, io, key);
}

/*
 * The completion of what a file system made for it was skipped, and so was the queueing of the work that completes
 * the user's, if there is one: then it was not here.
 */
verified_once_with_memory int stacked_complete(struct probe_cpu *cpu, struct probe_deep *slot, __u64 key)
{
	struct probe_io *io = io_in(slot);

	if (!cpu || !slot)
		return 0;
	__sync_fetch_and_add(&cpu->rescued, 1);
	if (!in_hop())
		completes_here(cpu, io);
	io->completed_ns = bpf_ktime_get_ns();
	user_complete(cpu, io, key);
	return 0;
}

/*
 * ki_complete. An I/O of iomap's that still has a slot here was completed while
 * the probe of iomap_dio_complete was running on this CPU already: an interrupt
 * in the midst of a kworker's. It is recorded from here, a moment later.
 */
verified_once_with_memory int unsent_complete(struct probe_cpu *cpu, __u64 key, long ret)
{
	struct probe_io *io = slot_find(key);

	if (!cpu)
		return 0;
	if (io && stopped_midway(io)) {
		io_send(cpu, io, key);
		return 0;
	}
	if (io && user_follows(io) && ret < 0)
		io->error = ret;
	if (io && io->completed_ns && user_follows(io)) {
		if (!io->iocb_completed_ns)
			user_complete(cpu, io, key);
		return 0;
	}
	/* With CALLER_COMP it comes before the completion, only to get the issuer to work. */
	if (!io || io->completed_ns || io->facts & PROBE_FACT_CALLER_COMP)
		return 0;
	if (user_follows(io))
		return stacked_complete(cpu, slot_of(io), key);
	if (!(io->facts & (PROBE_FACT_LEGACY | PROBE_FACT_BLOCK_DEVICE)))
		__sync_fetch_and_add(&cpu->rescued, 1);
	io_complete(cpu, io, key, ret, true);
	/* No other ki_complete of it comes. Its kiocb may be back before this CPU has sent another, and be missed in the same way. */
	cpu->sent_key = 0;
	return 0;
}

static __always_inline int iocb_complete(struct kiocb *iocb, long ret, enum probe_key_user key_user)
{
	struct probe_cpu *cpu = this_cpu();
	__u64 key;

	if (!cpu)
		return 0;
	key = iocb_key(cpu, key_user, iocb);
	if (cpu->sent_key != key)
		return unsent_complete(cpu, key, ret);
	/* Nearly always: it was sent a moment ago. */
	cpu->sent_key = 0;
	return 0;
}

SEC("?fentry/aio_complete_rw")
int BPF_PROG(aio_completed, struct kiocb *iocb, long ret)
{
	return iocb_complete(iocb, ret, PROBE_KEY_AIO_COMPLETE);
}

SEC("?fentry/io_complete_rw")
int BPF_PROG(io_uring_completed, struct kiocb *iocb, long ret)
{
	return iocb_complete(iocb, ret, PROBE_KEY_IO_URING_COMPLETE);
}

SEC("?fentry/io_complete_rw_iopoll")
int BPF_PROG(io_uring_poll_completed, struct kiocb *iocb, long ret)
{
	return iocb_complete(iocb, ret, PROBE_KEY_IOPOLL_COMPLETE);
}

/*
 * Works and threads of layers complete I/Os where a task can lose its CPU, on
 * kernels that preempt it in a program too. Until it is back, others' runs of
 * that program are skipped there; but hardly ever of both of these.
 */
SEC("?fentry/aio_complete_rw")
int BPF_PROG(layer_aio_witnessed, struct kiocb *iocb, long ret)
{
	return iocb_complete(iocb, ret, PROBE_KEY_AIO_WITNESS);
}

SEC("?fentry/io_complete_rw")
int BPF_PROG(layer_io_uring_witnessed, struct kiocb *iocb, long ret)
{
	return iocb_complete(iocb, ret, PROBE_KEY_IO_URING_WITNESS);
}

/* ---- io_uring's second hop ---- */

/*
 * A kiocb is the first member of its io_kiocb: same address. With
 * IOCB_DIO_CALLER_COMP the direct I/O is completed from here.
 */
SEC("?fentry/io_req_rw_complete")
int BPF_PROG(request_completed, struct io_kiocb *request)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_occupied clocks;
	struct probe_io *io;
	__u64 key;

	if (!cpu)
		return 0;
	key = iocb_key(cpu, PROBE_KEY_TASK_WORK, request);
	io = slot_find(key);
	if (!io)
		return 0;
	io->task_work_ns = read_clocks(cpu, &clocks);
	if (!io->completed_ns)
		return 0;
	submitter_wait_ends(cpu, io, &clocks, io->iocb_completed_ns ? io->iocb_completed_ns : io->completed_ns,
			    io->task_work_ns);
	io_send(cpu, io, key);
	return 0;
}

#endif
