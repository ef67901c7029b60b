/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The members of kernel structures that the probes read, and no others.
 * preserve_access_index makes libbpf fit every offset to the running kernel;
 * a "___" suffix names a variant of the same structure on other kernels.
 */
#ifndef KERNEL_TYPES_H
#define KERNEL_TYPES_H

#include <asm/ptrace.h>
#include <linux/bpf.h>

typedef long long loff_t;
typedef _Bool bool;
enum { false = 0, true = 1 };

/* Arguments that are only passed by. */
struct block_device;
struct iomap_dio_ops;
struct iomap_ops;
struct request_queue;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct timespec64 {
	long long tv_sec;
};

struct inode;

struct address_space {
	struct inode *host;
	unsigned long nrpages;
};

struct super_block {
	__u32 s_dev;
};

struct inode {
	struct super_block *i_sb;
	struct address_space *i_mapping;
	unsigned long i_ino;
	__u32 i_rdev;
	loff_t i_size;
	unsigned short i_mode;
};

struct dentry {
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct path {
	struct dentry *dentry;
};

struct inode___u64_ino {		/* 7.2 and later */
	__u64 i_ino;
};

struct file {
	struct inode *f_inode;
	struct address_space *f_mapping;
	unsigned int f_flags;
};

struct kiocb {
	struct file *ki_filp;
	loff_t ki_pos;
	void (*ki_complete)(struct kiocb *iocb, long ret);
	int ki_flags;
};

struct kiocb___dio_complete {		/* about 6.6 to 6.18 */
	long (*dio_complete)(void *data);
};

struct iov_iter {
	__u64 count;
	bool data_source;		/* 5.14 and later: true for a write */
};

struct iov_iter___type {
	unsigned int type;		/* before; bit 0 set for a write */
};

struct gendisk {
	int major;
	int first_minor;
};

struct block_device {
	struct gendisk *bd_disk;
};

struct bio___disk {			/* before 5.12 */
	struct gendisk *bi_disk;
};

struct bio {
	struct block_device *bi_bdev;
	struct bio *bi_next;
	void (*bi_end_io)(struct bio *bio);
	void *bi_private;
	__u8 bi_status;
};

struct blk_mq_ctx {
	unsigned int cpu;
};

struct request {
	struct blk_mq_ctx *mq_ctx;
	struct bio *bio;
	struct bio *biotail;
	__u64 start_time_ns;		/* when it was made; 0 = its queue keeps no times */
};

struct irq_desc;

struct irqaction {
	unsigned int irq;
};

struct work_struct {
	void (*func)(struct work_struct *work);
};

struct iomap_dio {
	struct kiocb *iocb;
	loff_t i_size;
	__u64 size;
	atomic_t ref;
	unsigned int flags;
	int error;
	bool wait_for_completion;
	union {
		struct {
			struct work_struct work;
		} aio;
	};
};

struct iomap_dio_simple {		/* 7.3 and later */
	struct kiocb *iocb;
	struct work_struct work;
	struct bio bio;
};

struct dio {				/* fs/direct-io.c */
	struct kiocb *iocb;
	struct inode *inode;
	int io_error;
	long refcount;
	bool defer_completion;
	struct work_struct complete_work;
};

struct blkdev_dio {			/* block/fops.c */
	struct kiocb *iocb;		/* or the waiter, when it is synchronous */
	struct bio bio;
};

struct task_group {			/* a cgroup, to the scheduler */
	struct task_group *parent;
};

struct rq {
	int cpu;
};

struct cfs_rq {				/* what of a cgroup runs on one CPU */
	struct rq *rq;
	struct task_group *tg;
};

struct task_struct {
	struct task_group *sched_task_group;
	void *stack;
	struct bio_list *bio_list;	/* NULL, but in submit_bio() */
	unsigned int flags;
	int pid;
	int tgid;
	unsigned long nvcsw;
	unsigned long nivcsw;
};

struct task_struct___rt {		/* PREEMPT_RT */
	int softirq_disable_cnt;
};

struct task_struct___worker_private {	/* 5.17 and later */
	void *worker_private;
};

struct task_struct___pf_io_worker {	/* 5.12 to 5.16 */
	void *pf_io_worker;
};

struct task_struct___set_child_tid {	/* where a kthread's own data was before */
	int *set_child_tid;
};

struct task_struct___state {		/* 5.14 and later */
	unsigned int __state;
};

struct task_struct___old_state {
	long state;
};

struct kthread {
	int (*threadfn)(void *data);
	void *data;
};

struct workqueue_attrs {
	int nice;
};

struct worker_pool {
	int cpu;			/* -1: bound to none */
	struct workqueue_attrs *attrs;
};

struct workqueue_struct {
	int max_active;			/* 6.9 and later */
};

struct pool_workqueue {
	struct workqueue_struct *wq;
	int nr_active;
};

struct pool_workqueue___max_active {	/* before */
	int max_active;
};

struct io_ring_ctx {
	unsigned int flags;
	atomic_t cq_wait_nr;		/* 6.4 and later */
	struct task_struct *submitter_task;
};

struct io_kiocb {
	__u64 flags;			/* 32 bits before 6.10 or so */
	struct io_ring_ctx *ctx;
};

struct worker {
	void (*current_func)(struct work_struct *work);
	struct worker_pool *pool;
};

struct thread_info___counting {		/* processors that count preemption in each task */
	unsigned long long preempt_count;
};

struct task_struct___counting {
	struct thread_info___counting thread_info;
};

struct bpf_iter_num {			/* 6.4 and later */
	__u64 opaque[1];
};

struct pcpu_hot {			/* x86, 6.2 to 6.14 */
	int preempt_count;
};

#pragma clang attribute pop

#endif
