// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of one direct I/O, in the order in which it is lived. Each program
 * is optional: user space loads those that the running kernel can take, and a
 * time whose program is missing stays 0, "not seen".
 */
#include "filters.bpf.h"
#include "rings.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* ---- the CPU: what it is doing when an I/O's function runs on it ---- */

SEC("?tp_btf/irq_handler_entry")
int irq_entered(__u64 *ctx)
{
	struct probe_cpu *cpu = this_cpu();

	if (!cpu)
		return 0;
	cpu->irq = (__u32)ctx[0];
	cpu->irq_ends = 0;
	cpu->irq_entered_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/irq_handler_exit")
int irq_left(__u64 *ctx)
{
	struct probe_cpu *cpu = this_cpu();

	if (cpu)
		cpu->irq_entered_ns = 0;
	return 0;
}

/* Those softirqs that complete block I/O. */
#define BLOCK_SOFTIRQ		4
#define IRQ_POLL_SOFTIRQ	5

SEC("?tp_btf/softirq_entry")
int softirq_entered(__u64 *ctx)
{
	__u32 vector = (__u32)ctx[0];
	struct probe_cpu *cpu;

	if (vector != BLOCK_SOFTIRQ && vector != IRQ_POLL_SOFTIRQ)
		return 0;
	cpu = this_cpu();
	if (!cpu)
		return 0;
	cpu->softirq_ends = 0;
	cpu->softirq_entered_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/softirq_exit")
int softirq_left(__u64 *ctx)
{
	struct probe_cpu *cpu = this_cpu();

	if (cpu)
		cpu->softirq_entered_ns = 0;
	return 0;
}

SEC("?tp_btf/sched_switch")
int task_switched(__u64 *ctx)
{
	struct task_struct *prev = ARG(1);
	struct task_struct *next = ARG(2);
	struct probe_cpu *cpu = this_cpu();

	if (!cpu)
		return 0;
	cpu->switched_from_tid = read_kernel(prev, pid);
	cpu->switched_to_tid = read_kernel(next, pid);
	cpu->switched_preempted = task_is_runnable(prev);
	return 0;
}

/* ---- the processes: children of a traced process are traced ---- */

SEC("?tp_btf/sched_process_fork")
int process_forked(__u64 *ctx)
{
	struct task_struct *parent = ARG(0);
	struct task_struct *child = ARG(1);
	__u8 *mark;

	if (!task_passes(read_kernel(parent, tgid)))
		return 0;
	mark = traced_mark(read_kernel(child, tgid));
	if (mark)
		*mark = 1;
	return 0;
}

/* A process number can be used again once its leader is gone for good. */
SEC("?tp_btf/sched_process_free")
int process_freed(__u64 *ctx)
{
	struct task_struct *task = ARG(0);
	__u32 tgid = read_kernel(task, tgid);
	__u8 *mark;

	if (read_kernel(task, pid) != tgid)
		return 0;
	mark = traced_mark(tgid);
	if (mark && *mark)
		*mark = 0;
	return 0;
}

/* ---- submit ---- */

#define NAMED_TASKS	1024

/* Threads whose name was sent, by tid; a collision only sends a name again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NAMED_TASKS);
	__type(key, __u32);
	__type(value, __u64);
} probe_named SEC(".maps");

static __always_inline void name_task(struct probe_cpu *cpu, __u64 pid_tgid)
{
	__u32 index = (__u32)pid_tgid % NAMED_TASKS;
	__u64 *named = bpf_map_lookup_elem(&probe_named, &index);
	struct probe_task task = { .kind = PROBE_RECORD_TASK };

	if (!named || *named == pid_tgid)
		return;
	*named = pid_tgid;
	task.tid = (__u32)pid_tgid;
	task.tgid = pid_tgid >> 32;
	bpf_get_current_comm(task.comm, sizeof(task.comm));
	emit(&task, sizeof(task), &cpu->begin_records, &cpu->begin_ring_full);
}

static __always_inline enum probe_issuer issuer_of(struct kiocb *iocb)
{
	const void *complete = (const void *)read_kernel(iocb, ki_complete);

	if (!complete)
		return PROBE_ISSUER_SYNC;
	if (complete == &aio_complete_rw)
		return PROBE_ISSUER_LIBAIO;
	if (complete == &io_complete_rw || complete == &io_complete_rw_iopoll)
		return PROBE_ISSUER_IO_URING;
	return PROBE_ISSUER_OTHER;
}

static __always_inline __u32 submit_facts(__u32 ki_flags, __u32 dio_flags)
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
	if (dio_flags & IOMAP_DIO_FORCE_WAIT)
		facts |= PROBE_FACT_FORCE_WAIT;
	return facts;
}

/* This kiocb's slot from before, if its end was missed; an I/O that did complete is still told. */
static __always_inline struct probe_io *slot_restart(struct probe_cpu *cpu, __u64 key)
{
	struct probe_io *io = slot_find(key);

	if (!io)
		return 0;
	if (io->completed_ns)
		emit(io, sizeof(*io), &cpu->begin_records, &cpu->begin_ring_full);
	else
		cpu->restarted++;
	return io;
}

static __always_inline int io_begin(struct kiocb *iocb, struct iov_iter *iter, __u32 dio_flags)
{
	__u64 length = read_kernel(iter, count);
	struct file *file = read_kernel(iocb, ki_filp);
	struct inode *inode = read_kernel(file, f_inode);
	struct super_block *sb = read_kernel(inode, i_sb);
	__u32 dev = read_kernel(sb, s_dev);
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	__u64 number = inode_number(inode);
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;
	__u64 key;

	if (!cpu)
		return 0;
	if (!io_passes(pid_tgid >> 32, dev, number)) {
		cpu->filtered++;
		return 0;
	}
	cpu->begins++;
	key = iocb_key(cpu, PROBE_KEY_BEGIN, iocb);
	io = slot_restart(cpu, key);
	if (!io)
		io = slot_claim(key);
	if (!io) {
		cpu->slots_full++;
		return 0;
	}
	name_task(cpu, pid_tgid);

	__builtin_memset(io, 0, sizeof(*io));
	io->kind = PROBE_RECORD_IO;
	io->issuer = issuer_of(iocb);
	io->facts = submit_facts(read_kernel(iocb, ki_flags), dio_flags);
	if (iter_is_write(iter))
		io->facts |= PROBE_FACT_WRITE;
	io->submit_cpu = bpf_get_smp_processor_id();
	io->end_cpu = PROBE_NO_CPU;
	io->worker_cpu = PROBE_NO_CPU;
	io->complete_cpu = PROBE_NO_CPU;
	io->irq = PROBE_NO_IRQ;
	io->dev = dev;
	io->inode = number;
	io->offset_bytes = read_kernel(iocb, ki_pos);
	io->length_bytes = length > 0xffffffffULL ? 0xffffffffU : length;
	io->submitter_tid = (__u32)pid_tgid;
	io->submitted_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("?tp_btf/iomap_dio_rw_begin")
int dio_began(__u64 *ctx)
{
	return io_begin(ARG(0), ARG(1), (__u32)ctx[2]);
}

/* ---- device ---- */

/* The I/O that a bio of iomap's belongs to. */
static __always_inline struct kiocb *iocb_of_bio(struct bio *bio)
{
	struct iomap_dio *dio = cast_kernel(struct iomap_dio, read_kernel(bio, bi_private));

	return read_kernel(dio, iocb);
}

SEC("?tp_btf/block_rq_issue")
int request_issued(__u64 *ctx)
{
	struct request *rq = ARG(0);
	struct bio *bio = read_kernel(rq, bio);
	struct probe_cpu *cpu;
	struct probe_io *io;

	if (!bio || (const void *)read_kernel(bio, bi_end_io) != &iomap_dio_bio_end_io)
		return 0;
	cpu = this_cpu();
	if (!cpu)
		return 0;
	io = slot_find(iocb_key(cpu, PROBE_KEY_ISSUE, iocb_of_bio(bio)));
	if (io)
		io->issued_ns = bpf_ktime_get_ns();
	return 0;
}

/* ---- end_io ---- */

/* What iomap_dio_bio_end_io is about to decide by. */
static __always_inline __u32 end_facts(struct kiocb *iocb, struct iomap_dio *dio, struct bio *bio)
{
	__u32 flags = read_kernel(dio, flags);
	__u32 facts = PROBE_FACT_END_SEEN | dio_flag_facts(flags);
	struct address_space *mapping;
	struct file *file;

	if (read_kernel(dio, ref.counter) == 1) {
		facts |= PROBE_FACT_END_DECIDES;
		if (read_kernel(dio, wait_for_completion))
			facts |= PROBE_FACT_WAITER;
	}
	if (read_kernel(dio, error) || read_kernel(bio, bi_status))
		facts |= PROBE_FACT_END_ERROR;
	if (!(flags & IOMAP_DIO_WRITE))
		return facts;
	if (read_kernel(iocb, ki_pos) + (loff_t)read_kernel(dio, size) > read_kernel(dio, i_size))
		facts |= PROBE_FACT_EXTENDS_ISIZE;
	file = read_kernel(iocb, ki_filp);
	mapping = read_kernel(file, f_mapping);
	if (read_kernel(mapping, nrpages))
		facts |= PROBE_FACT_PAGE_CACHE;
	return facts;
}

#define END_FACTS (PROBE_FACT_END_DECIDES | PROBE_FACT_WAITER | PROBE_FACT_NEED_SYNC | \
	PROBE_FACT_WRITE_THROUGH | PROBE_FACT_UNWRITTEN | PROBE_FACT_COW | \
	PROBE_FACT_INLINE_COMP | PROBE_FACT_CALLER_COMP | PROBE_FACT_COMP_WORK | \
	PROBE_FACT_EXTENDS_ISIZE | PROBE_FACT_PAGE_CACHE | PROBE_FACT_END_ERROR)

/* Where, and in which interrupt if any, end_io runs: this CPU, now. */
static __always_inline void note_end(struct probe_io *io, struct probe_cpu *cpu)
{
	io->end_context = current_context(cpu);
	io->end_cpu = bpf_get_smp_processor_id();
	io->interrupted_ns = 0;
	io->irq = PROBE_NO_IRQ;
	io->irq_batch = 0;
	if (io->end_context == PROBE_CONTEXT_HARDIRQ && cpu->irq_entered_ns) {
		io->interrupted_ns = cpu->irq_entered_ns;
		io->irq = cpu->irq;
		io->irq_batch = ++cpu->irq_ends;
	} else if (io->end_context == PROBE_CONTEXT_SOFTIRQ && cpu->softirq_entered_ns) {
		io->interrupted_ns = cpu->softirq_entered_ns;
		io->irq_batch = ++cpu->softirq_ends;
	}
}

/* Called once a bio; what the last one says stays. */
SEC("?fentry/iomap_dio_bio_end_io")
int bio_ended(__u64 *ctx)
{
	struct bio *bio = ARG(0);
	struct iomap_dio *dio = cast_kernel(struct iomap_dio, read_kernel(bio, bi_private));
	struct kiocb *iocb = read_kernel(dio, iocb);
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;
	__u32 facts;

	if (!cpu)
		return 0;
	io = slot_find(iocb_key(cpu, PROBE_KEY_END, iocb));
	if (!io)
		return 0;
	facts = io->facts & ~END_FACTS;
	if (facts & PROBE_FACT_END_SEEN)
		facts |= PROBE_FACT_MULTI_BIO;
	io->facts = facts | end_facts(iocb, dio, bio);
	note_end(io, cpu);
	io->ended_ns = bpf_ktime_get_ns();
	return 0;
}

/* ---- the kworker ---- */

/* The I/O whose completion this work is, or NULL: the work is somebody else's. */
static __always_inline struct kiocb *iocb_of_work(struct work_struct *work)
{
	struct iomap_dio *dio;

	if ((const void *)read_kernel(work, func) != &iomap_dio_complete_work)
		return 0;
	dio = cast_kernel(struct iomap_dio, (char *)work - bpf_core_field_offset(struct iomap_dio, aio.work));
	return read_kernel(dio, iocb);
}

SEC("?tp_btf/workqueue_queue_work")
int work_queued(__u64 *ctx)
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

SEC("?tp_btf/workqueue_execute_start")
int work_started(__u64 *ctx)
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

/* ---- completion ---- */

/* Will io_req_rw_complete be called for it? Not when the submitter completed it before returning. */
static __always_inline bool task_work_follows(const struct probe_io *io)
{
	return probe_settings.task_work_seen && io->issuer == PROBE_ISSUER_IO_URING &&
	       !(io->facts & PROBE_FACT_HIPRI) && io->complete_context != PROBE_CONTEXT_TASK;
}

SEC("?tp_btf/iomap_dio_complete")
int dio_completed(__u64 *ctx)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;
	int error = (int)ctx[1];
	long ret = (long)ctx[2];
	__u64 key;

	if (!cpu)
		return 0;
	key = iocb_key(cpu, PROBE_KEY_COMPLETE, ARG(0));
	io = slot_find(key);
	if (!io) {
		if (!filtered_at_all())
			cpu->unmatched++;
		return 0;
	}
	io->complete_context = current_context(cpu);
	io->complete_cpu = bpf_get_smp_processor_id();
	if (!(io->facts & PROBE_FACT_END_SEEN) && io->complete_context <= PROBE_CONTEXT_SOFTIRQ)
		note_end(io, cpu);
	io->error = error ? error : ret < 0 ? ret : 0;
	if (io->complete_context == PROBE_CONTEXT_TASK &&
	    (__u32)bpf_get_current_pid_tgid() == io->submitter_tid)
		io->facts |= PROBE_FACT_BY_SUBMITTER;
	io->completed_ns = bpf_ktime_get_ns();
	if (task_work_follows(io))
		return 0;
	emit(io, sizeof(*io), &cpu->records, &cpu->ring_full);
	slot_free(key);
	return 0;
}

/* io_uring's second hop. A kiocb is the first member of its io_kiocb: same address. */
SEC("?fentry/io_req_rw_complete")
int request_completed(__u64 *ctx)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;
	__u64 key;

	if (!cpu)
		return 0;
	key = iocb_key(cpu, PROBE_KEY_TASK_WORK, ARG(0));
	io = slot_find(key);
	if (!io || !io->completed_ns)
		return 0;
	io->task_work_ns = bpf_ktime_get_ns();
	emit(io, sizeof(*io), &cpu->late_records, &cpu->late_ring_full);
	slot_free(key);
	return 0;
}
