/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernels, one helper each, decided by what the
 * kernel's BTF has and never by its version. Each names the upstream commit
 * that made it, and the release that was the first to have it.
 *
 * The programs are compiled in several flavours. PROBE_MODERN needs bpf_rdonly_cast()
 * (a35b9af4ec2c, 6.2): casts cost nothing, and direct loads are allowed under lockdown.
 * Without it pointers that the verifier does not know are read by
 * bpf_probe_read_kernel(), and the compare-and-exchange that claims a slot
 * (5ffa25502b5a, 5.12) is done by a hash map. PROBE_INFER_CONTEXT is for kernels whose
 * preempt_count cannot be reached. PROBE_PLAIN is for recordings without filters and stacked disks: the
 * verifier finds out what is constant, but leaves in its place what looks at it.
 */
#ifndef KERNEL_FLAVOURS_BPF_H
#define KERNEL_FLAVOURS_BPF_H

#include "kernel_types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "probe_records.h"

/* Written before it is loaded, and never after. Weak, or the compiler would take it for the zeros that are in the file. */
const struct probe_settings probe_settings __weak SEC(".rodata.settings");

#ifdef PROBE_PLAIN

/* User space loads this flavour for such settings alone. */
static __always_inline const struct probe_settings *plain_settings(void)
{
	bool are_plain = probe_settings_are_plain(&probe_settings);

	__builtin_assume(are_plain);
	return &probe_settings;
}

#define probe_settings (*plain_settings())

#endif

#ifdef PROBE_MODERN

extern void *bpf_rdonly_cast(void *obj, __u32 btf_id) __ksym;

#define cast_kernel(type, pointer) \
	((type *)bpf_rdonly_cast((void *)(pointer), bpf_core_type_id_kernel(type)))
#define read_kernel(pointer, member) ((pointer)->member)

#else

#define cast_kernel(type, pointer) ((type *)(pointer))
#define read_kernel(pointer, member) BPF_CORE_READ(pointer, member)

#endif

/*
 * Functions that the verifier goes through once a program, and not once for each way to come to them:
 * loading takes a fraction of the time. They know nothing of what they are given. Numbers can be given
 * everywhere, and since e5069b9c23b3 (5.13) memory of ours, which may be NULL for all that they know.
 */
#define verified_once			__noinline
#ifdef PROBE_MODERN
#define verified_once_with_memory	__noinline
#else
#define verified_once_with_memory	static __noinline
#endif

/* Constants that are #define in the kernel and so absent from BTF. */
#define IOCB_HIPRI	(1 << 0)
#define IOCB_DSYNC	(1 << 1)
#define IOCB_SYNC	(1 << 2)
#define IOCB_NOWAIT	(1 << 3)
#define IOCB_DIRECT	(1 << 17)

#define O_RDONLY	00000000
#define O_ACCMODE	00000003
#define O_DSYNC		00010000
#define S_IFMT		00170000
#define S_IFREG		0100000

#define PF_WQ_WORKER	0x20
#define PF_KTHREAD	0x00200000

#define TASK_ASLEEP	3	/* TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE */

#define IORING_SETUP_DEFER_TASKRUN	(1 << 13)

#define REQ_F_NOWAIT	(1 << 11)		/* of an io_kiocb: its user asked for no wait */

#define IRQ_WAKE_THREAD	(1 << 1)		/* returned by a hard interrupt's handler */

#define IOMAP_DIO_FORCE_WAIT	(1 << 0)	/* argument of __iomap_dio_rw */
#define IOMAP_DIO_PARTIAL	(1 << 2)	/* 5.16 and later */

#define IOMAP_DIO_UNWRITTEN	(1 << 0)	/* dio->flags */
#define IOMAP_DIO_COW		(1 << 1)
#define IOMAP_DIO_BIT26		(1 << 26)	/* see dio_flag_facts() */
#define IOMAP_DIO_BIT27		(1 << 27)
#define IOMAP_DIO_WRITE_THROUGH	(1 << 28)
#define IOMAP_DIO_NEED_SYNC	(1 << 29)
#define IOMAP_DIO_WRITE		(1 << 30)

extern const void irq_thread __ksym __weak;

extern const void aio_complete_rw __ksym __weak;
extern const void io_complete_rw __ksym __weak;
extern const void io_complete_rw_iopoll __ksym __weak;

extern const void iomap_dio_bio_end_io __ksym __weak;
extern const void iomap_dio_complete_work __ksym __weak;
extern const void iomap_dio_simple_end_io __ksym __weak;	/* 7.3: small reads past iomap_dio_rw */
extern const void iomap_dio_simple_complete_work __ksym __weak;
extern const void dio_bio_end_aio __ksym __weak;
extern const void dio_bio_end_io __ksym __weak;
extern const void dio_aio_complete_work __ksym __weak;
extern const void blkdev_bio_end_io __ksym __weak;
extern const void blkdev_bio_end_io_async __ksym __weak;	/* 54a88eb838d3, 5.16 */
extern const void blkdev_bio_end_io_simple __ksym __weak;	/* before it waited by submit_bio_wait() */
extern const void submit_bio_wait_endio __ksym __weak;
extern const void bio_wait_end_io __ksym __weak;		/* what 7.x has instead */

#define is_function(pointer, symbol) (&symbol && (const void *)(pointer) == &symbol)

/* Does a task sleep until this bio is done? It has what it waits for on its stack, where bi_private points to. */
#define is_awaited(end_io) (is_function(end_io, submit_bio_wait_endio) || is_function(end_io, bio_wait_end_io))

#define container_of_kernel(type, member, pointer) \
	cast_kernel(type, (char *)(pointer) - bpf_core_field_offset(type, member))

static __always_inline struct task_struct *current_task(void)
{
#ifdef PROBE_MODERN
	return bpf_get_current_task_btf();
#else
	return (struct task_struct *)bpf_get_current_task();
#endif
}

#define SOFTIRQ_SERVING	0x00000100
#define BLOCK_SOFTIRQ	4

/*
 * 7.3 ("preempt: Introduce HARDIRQ_DISABLE_BITS") put a count of interrupt
 * disabling where the count of hard interrupts was. Which it is, each CPU reads
 * off its first interrupts; until then a variable that came with it has to do.
 */
#define HARDIRQ_USUAL	0x000f0000
#define HARDIRQ_MOVED	0x0f000000

static __always_inline int hardirq_mask(const struct probe_cpu *cpu)
{
	if (cpu->hardirq_mask)
		return cpu->hardirq_mask;
	return probe_settings.irq_disable_counted ? HARDIRQ_MOVED : HARDIRQ_USUAL;
}

#include "processor.bpf.h"

/*
 * iov_iter_rw(): does data flow to the device? IOCB_WRITE would not do, the
 * kernel sets it for asynchronous issuers only. A bit of the iterator's type
 * until 8cd54c1c8480 (5.14).
 */
static __always_inline bool iter_is_write(struct iov_iter *iter)
{
	struct iov_iter___type *old = (void *)iter;

	if (bpf_core_field_exists(iter->data_source))
		return read_kernel(iter, data_source);
	return read_kernel(old, type) & 1;
}

/* The whole disk that a bio is given to: 309dca309fc3 (5.12) made it a block device, perhaps a partition. */
static __always_inline __u32 disk_of_bio(struct bio *bio)
{
	struct bio___disk *before = (void *)bio;
	struct gendisk *disk;

	if (bpf_core_field_exists(bio->bi_bdev)) {
		struct block_device *device = read_kernel(bio, bi_bdev);

		disk = read_kernel(device, bd_disk);
	} else {
		disk = read_kernel(before, bi_disk);
	}
	return (__u32)read_kernel(disk, major) << 20 | read_kernel(disk, first_minor);
}

/* inode->i_ino became 64 bit wide on every architecture in 7.2 (0b2600f81cef). */
static __always_inline __u64 inode_number(struct inode *inode)
{
	struct inode___u64_ino *wide = (void *)inode;

	if (bpf_core_field_size(wide->i_ino) == 8)
		return read_kernel(wide, i_ino);
	return read_kernel(inode, i_ino);
}

/* Is the task that sched_switch takes from the CPU still runnable? Its state was renamed by 2f064a59a11f (5.14). */
static __always_inline bool task_is_runnable(struct task_struct *task)
{
	struct task_struct___state *renamed = (void *)task;
	struct task_struct___old_state *old = (void *)task;

	if (bpf_core_field_exists(renamed->__state))
		return !read_kernel(renamed, __state);
	return !read_kernel(old, state);
}

/* Does it sleep, and was not woken? */
static __always_inline bool task_sleeps(struct task_struct *task)
{
	struct task_struct___state *renamed = (void *)task;
	struct task_struct___old_state *old = (void *)task;

	if (bpf_core_field_exists(renamed->__state))
		return read_kernel(renamed, __state) & TASK_ASLEEP;
	return read_kernel(old, state) & TASK_ASLEEP;
}

/*
 * Does a work that is about to be queued have to wait for others to be done,
 * whatever the CPU does? The limit moved to the workqueue in a045a272d887 (6.9).
 */
static __always_inline bool is_at_limit(struct pool_workqueue *pool)
{
	struct pool_workqueue___max_active *before = (void *)pool;
	int active = read_kernel(pool, nr_active);
	struct workqueue_struct *queue;

	/* Nearly always: each read of the kernel's memory is checked, and costs. */
	if (!active)
		return false;
	if (bpf_core_field_exists(before->max_active))
		return active >= read_kernel(before, max_active);
	queue = read_kernel(pool, wq);
	return active >= read_kernel(queue, max_active);
}

/* Did the user of io_uring ask for no wait? A kiocb is the first member of its request. */
static __always_inline bool must_not_wait(__u64 iocb)
{
	return read_kernel(cast_kernel(struct io_kiocb, iocb), flags) & REQ_F_NOWAIT;
}

/*
 * How many completions a submitter sleeps for: 1 when it is woken by the next, 0
 * when it does not sleep or that is not known, negative when it sleeps for
 * something else. Rings whose completions wait for their submitter (c0e0d6ba25f1,
 * 6.1) have it asked since 8751d15426a3 (6.4).
 */
static __always_inline int slept_for(struct io_kiocb *request)
{
	struct io_ring_ctx *ring = read_kernel(request, ctx);
	struct task_struct *task;
	int wanted;

	if (!bpf_core_field_exists(ring->cq_wait_nr) || !(read_kernel(ring, flags) & IORING_SETUP_DEFER_TASKRUN))
		return 0;
	task = read_kernel(ring, submitter_task);
	if (!task || !task_sleeps(task))
		return 0;
	wanted = read_kernel(ring, cq_wait_nr.counter);
	/* IO_CQ_WAKE_FORCE: whatever comes wakes it. */
	return wanted == 0x7fffffff ? 1 : wanted;
}

/* kthread_data() and kthread_func() read it. Only for a kernel thread. In set_child_tid until e32cf5dfbe22 (5.17). */
static __always_inline struct kthread *kthread_of(struct task_struct *task)
{
	struct task_struct___worker_private *private = (void *)task;
	struct task_struct___set_child_tid *before = (void *)task;

	if (bpf_core_field_exists(private->worker_private))
		return cast_kernel(struct kthread, read_kernel(private, worker_private));
	return cast_kernel(struct kthread, read_kernel(before, set_child_tid));
}

/*
 * Works of BH workqueues (4cb1ef64609f, 6.9) run in a softirq, on whichever task
 * that came upon, and are no business of that task's.
 */
static __always_inline bool is_kworker(struct task_struct *task)
{
	return read_kernel(task, flags) & PF_WQ_WORKER;
}

/* What a kworker calls its own. Only for a task with PF_WQ_WORKER. */
static __always_inline struct worker *worker_of(struct task_struct *task)
{
	return cast_kernel(struct worker, read_kernel(kthread_of(task), data));
}

/* irq/N-name: of a driver that asked for it, of threadirqs, or on PREEMPT_RT of nearly all. */
static __always_inline bool is_irq_thread(struct task_struct *task)
{
	if (!(read_kernel(task, flags) & PF_KTHREAD))
		return false;
	return is_function(read_kernel(kthread_of(task), threadfn), irq_thread);
}

/*
 * io_uring's own worker. Until b16b3855d89f (5.12) the flag was elsewhere, and this bit said "runs a
 * virtual CPU"; that release also gave tasks pf_io_worker, which e32cf5dfbe22 (5.17) renamed.
 */
static __always_inline bool is_io_worker(struct task_struct *task)
{
	struct task_struct___worker_private *private = (void *)task;
	struct task_struct___pf_io_worker *before = (void *)task;

	if (bpf_core_field_exists(private->worker_private) || bpf_core_field_exists(before->pf_io_worker))
		return read_kernel(task, flags) & 0x10;
	return read_kernel(task, flags) & 0x20000000;
}

/* PREEMPT_RT serves softirqs in tasks, and keeps the state in them: preempt_count does not show it (728b478d2d35, 5.13). */
static __always_inline bool is_real_time(void)
{
	struct task_struct___rt *task = 0;

	return bpf_core_field_exists(task->softirq_disable_cnt);
}

static __always_inline bool serves_softirq(struct task_struct *task, int count)
{
	struct task_struct___rt *real_time = (void *)task;

	if (is_real_time())
		return read_kernel(real_time, softirq_disable_cnt) & SOFTIRQ_SERVING;
	return count & SOFTIRQ_SERVING;
}

#define KSOFTIRQ	0x71726974666f736bULL	/* "ksoftirq", the begin of ksoftirqd/N */

/* Asked in a softirq only. */
static __always_inline bool in_ksoftirqd(void)
{
	__u64 comm[2] = {};

	bpf_get_current_comm(comm, sizeof(comm));
	return comm[0] == KSOFTIRQ;
}

static __always_inline bool is_softirq(enum probe_context context)
{
	return context == PROBE_CONTEXT_SOFTIRQ || context == PROBE_CONTEXT_KSOFTIRQD;
}

/* A device's interrupt ends I/Os in such. */
static __always_inline bool is_delivery(enum probe_context context)
{
	return context <= PROBE_CONTEXT_SOFTIRQ || context == PROBE_CONTEXT_IRQ_THREAD ||
	       context == PROBE_CONTEXT_KSOFTIRQD;
}

/* The current task's own doing: it may be the submitter, also where that is a kworker. */
static __always_inline bool is_of_task(enum probe_context context)
{
	return context == PROBE_CONTEXT_TASK || context == PROBE_CONTEXT_KWORKER || context == PROBE_CONTEXT_IO_WQ;
}

static __always_inline enum probe_context context_of_task(struct task_struct *task)
{
	if (read_kernel(task, flags) & PF_WQ_WORKER)
		return PROBE_CONTEXT_KWORKER;
	if (is_irq_thread(task))
		return PROBE_CONTEXT_IRQ_THREAD;
	if (is_io_worker(task))
		return PROBE_CONTEXT_IO_WQ;
	return read_kernel(task, pid) ? PROBE_CONTEXT_TASK : PROBE_CONTEXT_IDLE;
}

static __always_inline int interrupts_counted(const struct probe_cpu *cpu)
{
	return probe_settings.contexts_misread ? 0 : preempt_count(cpu);
}

static __always_inline enum probe_context current_context(const struct probe_cpu *cpu)
{
	int count = interrupts_counted(cpu);
	struct task_struct *task;

	if (count & hardirq_mask(cpu))
		return PROBE_CONTEXT_HARDIRQ;
	task = current_task();
	if (!serves_softirq(task, count))
		return context_of_task(task);
	return is_real_time() || in_ksoftirqd() ? PROBE_CONTEXT_KSOFTIRQD : PROBE_CONTEXT_SOFTIRQ;
}

/*
 * Two members of struct iomap_dio that lie side by side are read at once, the
 * second in the upper half: each read of the kernel's memory is checked, and costs.
 */
#define member_at(member)	bpf_core_field_offset(struct iomap_dio, member)
#define two_members(dio, member)	\
	(cast_kernel(struct timespec64, (char *)(dio) + member_at(member))->tv_sec)

static __always_inline __u64 dio_flags_and_refs(struct iomap_dio *dio)
{
#ifdef PROBE_MODERN
	if (member_at(flags) == member_at(ref) + 4)
		return two_members(dio, ref);
#endif
	return (__u64)read_kernel(dio, flags) << 32 | (__u32)read_kernel(dio, ref.counter);
}

static __always_inline __u64 dio_waiter_and_error(struct iomap_dio *dio)
{
#ifdef PROBE_MODERN
	/* A bool: what lies behind it is not its own. */
	if (member_at(wait_for_completion) == member_at(error) + 4)
		return two_members(dio, error) & 0xffffffffffULL;
#endif
	return (__u64)read_kernel(dio, wait_for_completion) << 32 | (__u32)read_kernel(dio, error);
}

/*
 * What iomap_dio_bio_end_io will decide by, from dio->flags. Bits 26 and 27
 * changed their meaning: 8c052fb3002e (6.6) brought kiocb.dio_complete with
 * CALLER_COMP (26) and INLINE_COMP (27); 56749ed317e2 (6.19) took it away,
 * and 65a466aef147 (6.19) made 27 COMP_WORK, of the opposite sense. Before 6.6 neither was used.
 */
static __always_inline __u32 dio_flag_facts(__u32 flags)
{
	struct kiocb___dio_complete *has_dio_complete = 0;
	__u32 facts = 0;

	if (flags & IOMAP_DIO_UNWRITTEN)
		facts |= PROBE_FACT_UNWRITTEN;
	if (flags & IOMAP_DIO_COW)
		facts |= PROBE_FACT_COW;
	if (flags & IOMAP_DIO_WRITE_THROUGH)
		facts |= PROBE_FACT_WRITE_THROUGH;
	if (flags & IOMAP_DIO_NEED_SYNC)
		facts |= PROBE_FACT_NEED_SYNC;

	if (bpf_core_field_exists(has_dio_complete->dio_complete)) {
		if (flags & IOMAP_DIO_BIT26)
			facts |= PROBE_FACT_CALLER_COMP;
		if (flags & IOMAP_DIO_BIT27)
			facts |= PROBE_FACT_INLINE_COMP;
	} else if (flags & IOMAP_DIO_BIT27) {
		facts |= PROBE_FACT_COMP_WORK;
	}
	return facts;
}

/*
 * A request of several I/Os has their bios in a list: how many of them are
 * looked at. Verifiers that know loops of their own, since 6.4, are soon through
 * long ones of ours, too; an older one takes every turn anew: 256 of them were
 * a minute and more on 6.1.
 */
#define MERGED_BIOS	256

static __always_inline __u32 merged_bios(void)
{
	return bpf_core_type_exists(struct bpf_iter_num) ? MERGED_BIOS : 32;
}

#endif
