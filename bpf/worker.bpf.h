/* SPDX-License-Identifier: GPL-2.0-only */
/* A deferred completion: queued by end_io, run by a kworker. */
#ifndef WORKER_BPF_H
#define WORKER_BPF_H

#include "device.bpf.h"

/* The I/O whose completion this work is, or NULL: the work is somebody else's. */
static __always_inline struct kiocb *iocb_of_work(struct work_struct *work)
{
	const void *function = (const void *)read_kernel(work, func);

	if (is_function(function, iomap_dio_complete_work))
		return read_kernel(container_of_kernel(struct iomap_dio, aio.work, work), iocb);
	if (bpf_core_type_exists(struct iomap_dio_simple) && is_function(function, iomap_dio_simple_complete_work))
		return read_kernel(container_of_kernel(struct iomap_dio_simple, work, work), iocb);
	if (is_function(function, dio_aio_complete_work))
		return read_kernel(container_of_kernel(struct dio, complete_work, work), iocb);
	return 0;
}

static __always_inline int io_work_queued(__u64 *ctx)
{
	struct kiocb *iocb = iocb_of_work(ARG(2));
	struct probe_cpu *cpu;
	struct probe_io *io;

	if (!iocb)
		return 0;
	cpu = this_cpu();
	if (!cpu)
		return 0;
	io = slot_find(iocb_key(cpu, PROBE_KEY_QUEUE, iocb));
	if (!io)
		return 0;
	/* end_io queues the work: where it cannot be probed, this still tells where it ran. */
	if (!(io->facts & PROBE_FACT_END_SEEN))
		note_end(io, cpu);
	io->queued_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/workqueue_queue_work")
int work_queued(__u64 *ctx)
{
	return io_work_queued(ctx);
}

static __always_inline int io_work_started(__u64 *ctx)
{
	struct kiocb *iocb = iocb_of_work(ARG(0));
	struct probe_cpu *cpu;
	struct probe_io *io;

	if (!iocb)
		return 0;
	cpu = this_cpu();
	if (!cpu)
		return 0;
	io = slot_find(iocb_key(cpu, PROBE_KEY_START, iocb));
	if (!io)
		return 0;
	io->started_ns = bpf_ktime_get_ns();
	io->worker_cpu = bpf_get_smp_processor_id();
	io->worker_tid = (__u32)bpf_get_current_pid_tgid();
	if (cpu->switched_preempted && cpu->switched_from_tid == io->submitter_tid &&
	    cpu->switched_to_tid == io->worker_tid)
		io->facts |= PROBE_FACT_PREEMPTED_SUBMITTER;
	return 0;
}

SEC("?tp_btf/workqueue_execute_start")
int work_started(__u64 *ctx)
{
	return io_work_started(ctx);
}

#endif
