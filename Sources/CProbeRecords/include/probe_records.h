/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs and user space agree on: the records that cross the
 * ring, the settings that user space fills in before load, and the counters.
 *
 * Records are stored in capture files as they are. Numbers here are forever:
 * append, never renumber; Documentation/CaptureFormat.md describes every byte.
 * All integers are little-endian.
 */
#ifndef PROBE_RECORDS_H
#define PROBE_RECORDS_H

#ifdef __bpf__
typedef unsigned char probe_u8;
typedef unsigned short probe_u16;
typedef short probe_s16;
typedef int probe_s32;
typedef unsigned int probe_u32;
typedef unsigned long long probe_u64;
#else
#include <stddef.h>
#include <stdint.h>
typedef uint8_t probe_u8;
typedef uint16_t probe_u16;
typedef int16_t probe_s16;
typedef int32_t probe_s32;
typedef uint32_t probe_u32;
typedef uint64_t probe_u64;
#endif

/* First byte of every record. */
enum probe_record_kind {
	PROBE_RECORD_IO = 1,
	PROBE_RECORD_TASK = 2,
	PROBE_RECORD_WAITED_IO = 3,
	PROBE_RECORD_OCCUPANCY = 4,
	PROBE_RECORD_LIFE = 5,
	PROBE_RECORD_LAYERED = 6,
	PROBE_RECORD_DEEP = 7,
	PROBE_RECORD_LOST_IO = 255,	/* in a ring only: a probe_io whose completion was not seen, and was before completed_ns */
};

/* Who asked for the I/O, decided by kiocb->ki_complete at submit. */
enum probe_issuer {
	PROBE_ISSUER_UNKNOWN = 0,
	PROBE_ISSUER_SYNC = 1,		/* ki_complete == NULL */
	PROBE_ISSUER_LIBAIO = 2,	/* aio_complete_rw */
	PROBE_ISSUER_IO_URING = 3,	/* io_complete_rw[_iopoll] */
	PROBE_ISSUER_OTHER = 4,		/* loop, nfsd, target, ... */
};

/* Where a function ran, from preempt_count and PF_WQ_WORKER. */
enum probe_context {
	PROBE_CONTEXT_UNSEEN = 0,
	PROBE_CONTEXT_HARDIRQ = 1,
	PROBE_CONTEXT_SOFTIRQ = 2,
	PROBE_CONTEXT_KWORKER = 3,
	PROBE_CONTEXT_TASK = 4,
	PROBE_CONTEXT_IRQ_THREAD = 5,	/* irq/N-name: threadirqs, PREEMPT_RT, request_threaded_irq() */
	PROBE_CONTEXT_KSOFTIRQD = 6,	/* a softirq in ksoftirqd or ktimers, or on PREEMPT_RT in any task */
	PROBE_CONTEXT_IO_WQ = 7,	/* io_uring's own worker, iou-wrk-PID */
	PROBE_CONTEXT_IDLE = 8,		/* the idle task: paravirtual and polled completions */
};

/* probe_io.facts: what was true of this I/O, kernel differences removed. */
enum probe_fact {
	/* at submit */
	PROBE_FACT_WRITE		= 1u << 0,	/* data flows to the device */
	PROBE_FACT_DSYNC		= 1u << 1,	/* IOCB_DSYNC */
	PROBE_FACT_SYNC			= 1u << 2,	/* IOCB_SYNC */
	PROBE_FACT_HIPRI		= 1u << 3,	/* IOCB_HIPRI, or io_uring polls for it */
	PROBE_FACT_NOWAIT		= 1u << 4,	/* IOCB_NOWAIT */
	PROBE_FACT_FORCE_WAIT		= 1u << 5,	/* IOMAP_DIO_FORCE_WAIT from the file system */

	/* at the last bio's end_io */
	PROBE_FACT_END_SEEN		= 1u << 8,
	PROBE_FACT_END_DECIDES		= 1u << 9,	/* dio->ref was 1 at entry */
	PROBE_FACT_WAITER		= 1u << 10,	/* dio->wait_for_completion; valid with END_DECIDES */
	PROBE_FACT_NEED_SYNC		= 1u << 11,	/* IOMAP_DIO_NEED_SYNC */
	PROBE_FACT_WRITE_THROUGH	= 1u << 12,	/* IOMAP_DIO_WRITE_THROUGH, earlier WRITE_FUA */
	PROBE_FACT_UNWRITTEN		= 1u << 13,	/* IOMAP_DIO_UNWRITTEN */
	PROBE_FACT_COW			= 1u << 14,	/* IOMAP_DIO_COW */
	PROBE_FACT_INLINE_COMP		= 1u << 15,	/* IOMAP_DIO_INLINE_COMP, about 6.6 to 6.18 */
	PROBE_FACT_CALLER_COMP		= 1u << 16,	/* IOMAP_DIO_CALLER_COMP, about 6.6 to 6.18 */
	PROBE_FACT_COMP_WORK		= 1u << 17,	/* IOMAP_DIO_COMP_WORK, 6.19 and later */
	PROBE_FACT_EXTENDS_ISIZE	= 1u << 18,	/* ends beyond dio->i_size */
	PROBE_FACT_PAGE_CACHE		= 1u << 19,	/* f_mapping->nrpages != 0; writes only */
	PROBE_FACT_END_ERROR		= 1u << 20,	/* dio->error or bio->bi_status */
	PROBE_FACT_MULTI_BIO		= 1u << 21,	/* more than one end_io */
	PROBE_FACT_END_BY_SUBMITTER	= 1u << 22,	/* its submitter ran end_io: a disk that is done at once */

	/* at completion */
	PROBE_FACT_BY_SUBMITTER		= 1u << 24,	/* completed by the submitting thread */
	PROBE_FACT_PREEMPTED_SUBMITTER	= 1u << 25,	/* the worker that ran it took the CPU from the submitter */
	PROBE_FACT_TASK_WORK_CLOCKS	= 1u << 26,	/* in a slot only: task_work_wait holds clocks */
	PROBE_FACT_PARTIAL		= 1u << 27,	/* IOMAP_DIO_PARTIAL: the file system goes on where it stops short */

	/* which code: none of these = iomap's struct iomap_dio */
	PROBE_FACT_SIMPLE		= 1u << 28,	/* iomap's simple path for small reads, 7.3 */
	PROBE_FACT_LEGACY		= 1u << 29,	/* fs/direct-io.c */
	PROBE_FACT_BLOCK_DEVICE		= 1u << 30,	/* the block device itself */
};

/* What a CPU is doing; the waits of I/Os are split by it. */
enum probe_occupant {
	PROBE_OCCUPANT_SUBMITTER = 0,	/* a thread that submits traced I/Os */
	PROBE_OCCUPANT_COMPLETION_WORK = 1, /* a kworker that completes direct I/Os */
	PROBE_OCCUPANT_POOL_WORK = 2,	/* its pool, another work */
	PROBE_OCCUPANT_OTHER_TASK = 3,	/* kworkers of other pools too */
	PROBE_OCCUPANT_HARDIRQ = 4,
	PROBE_OCCUPANT_SOFTIRQ = 5,
	PROBE_OCCUPANT_IDLE = 6,		/* the idle task */
	PROBE_OCCUPANT_WORKER_SWITCH = 7,	/* a kworker of that pool between work items */
};
#define PROBE_OCCUPANTS	8

#define PROBE_NO_CPU	0xffffu
#define PROBE_NO_IRQ	0xffffffffu

/* One direct I/O, joined in the kernel. A time of 0 was not seen. Clock: CLOCK_MONOTONIC. */
struct probe_io {
	probe_u8 kind;			/* PROBE_RECORD_IO */
	probe_u8 issuer;		/* enum probe_issuer */
	probe_u8 end_context;		/* enum probe_context of the last end_io */
	probe_u8 complete_context;	/* enum probe_context of iomap_dio_complete */
	probe_u16 submit_cpu;		/* or PROBE_NO_CPU */
	probe_u16 end_cpu;
	probe_u16 worker_cpu;
	probe_u16 complete_cpu;
	probe_u32 facts;		/* enum probe_fact */
	probe_u64 submitted_ns;		/* iomap_dio_rw_begin */
	probe_u64 issued_ns;		/* last block_rq_issue */
	probe_u64 interrupted_ns;	/* entry of the hard IRQ or softirq that ran end_io */
	probe_u64 ended_ns;		/* last iomap_dio_bio_end_io */
	probe_u64 queued_ns;		/* workqueue_queue_work */
	probe_u64 started_ns;		/* workqueue_execute_start */
	probe_u64 completed_ns;		/* iomap_dio_complete */
	probe_u64 iocb_completed_ns;	/* ki_complete; not probed yet */
	probe_u64 task_work_ns;		/* io_req_rw_complete */
	probe_u64 inode;
	probe_u64 offset_bytes;
	probe_u32 dev;			/* super block's dev_t as the kernel holds it: major << 20 | minor */
	probe_u32 length_bytes;		/* asked for; saturates at 4 GiB - 1 */
	probe_u32 submitter_tid;	/* in the initial pid namespace, as all tids here */
	probe_u32 worker_tid;		/* kworker; 0 = none seen */
	probe_u32 irq;			/* number in /proc/interrupts, or PROBE_NO_IRQ */
	probe_s16 error;		/* 0 or negative errno given to the issuer */
	probe_u16 irq_batch;		/* 1 = first end_io of its interrupt; 0 = not in one */
};

/* Nanoseconds by occupant. In a slot, while the wait lasts: the CPU's clocks at its begin, modulo 2^32. */
struct probe_occupied {
	probe_u32 ns[PROBE_OCCUPANTS];
};

/* An I/O that waited for a CPU whose occupants were seen. All of a kind 0: that wait was not, or not seen. */
struct probe_waited_io {
	struct probe_io io;		/* kind PROBE_RECORD_WAITED_IO, or while in a slot PROBE_RECORD_IO */
	struct probe_occupied queue_wait;	/* queued_ns to started_ns, of the worker's CPU */
	struct probe_occupied task_work_wait; /* completed_ns to task_work_ns, of the submitter's CPU */
};

/* probe_life.marks: what was true of it beyond enum probe_fact. */
enum probe_life_mark {
	PROBE_LIFE_SLEPT	= 1u << 0,	/* returned_ns: the submitter fell asleep with the I/O in the block layer's hands */
	PROBE_LIFE_NO_REQUEST_TIME = 1u << 1,	/* its queue keeps no time of requests: requested_ns cannot be known */
	PROBE_LIFE_RAISED_REMOTELY = 1u << 2,	/* raise_cpu is not end_cpu: an IPI is part of the delivery */
	PROBE_LIFE_FORCED_THREAD = 1u << 3,	/* delivered by an interrupt's thread */
	PROBE_LIFE_PUNTED	= 1u << 4,	/* io_uring: begun by io-wq, attempted_ns is when it was handed over */
	PROBE_LIFE_BATCHED	= 1u << 5,	/* io_uring: the submitter had asked to be woken for several completions */
	PROBE_LIFE_STACKED	= 1u << 6,	/* made by a file system for another kiocb: overlayfs, FUSE */
	PROBE_LIFE_AT_LIMIT	= 1u << 7,	/* its work was queued while the workqueue ran max_active others */
	PROBE_LIFE_ELSEWHERE	= 1u << 8,	/* io_uring: the submitter slept, and not for completions */
	PROBE_LIFE_ACTIVATED	= 1u << 9,	/* PROBE_LIFE_AT_LIMIT is over: queue_wait is what came after that */
	PROBE_LIFE_TOP_UNSEEN	= 1u << 10,	/* of a device that gives its I/O to others, and was not seen to come to it, perhaps to those below */
	PROBE_LIFE_WAITER_CLOCKS = 1u << 30,	/* in a slot only: waiter_wait holds clocks */
	PROBE_LIFE_DELIVERY_CLOCKS = 1u << 31,	/* in a slot only: delivery_wait holds clocks */
};
#define PROBE_LIFE_SLOT_ONLY	(PROBE_LIFE_WAITER_CLOCKS | PROBE_LIFE_DELIVERY_CLOCKS)

/*
 * An I/O with more in its life than the ways above: what it waited for on its
 * way down, how it was delivered, several requests. Times of 0 were not seen.
 */
struct probe_life {
	struct probe_waited_io waited;	/* kind PROBE_RECORD_LIFE */
	probe_u64 attempted_ns;		/* io_uring: when it was given to io-wq, before submitted_ns */
	probe_u64 returned_ns;		/* left the submitter's hands: iomap_dio_rw_queued, or it slept for the block layer */
	probe_u64 requested_ns;		/* its first request was made: rq->start_time_ns; if that was before it
					 * left the submitter's hands, when it did, and returned_ns is 0 */
	probe_u64 first_issued_ns;	/* first block_rq_issue; issued_ns is the last one */
	probe_u64 raised_ns;		/* the device was done: hard IRQ of an IRQ thread, or before a softirq or an IPI */
	probe_u64 hop_queued_ns;	/* second hop of a backing file's I/O */
	probe_u64 hop_started_ns;
	probe_u64 first_attempt_ns;	/* io_uring: its first attempt began, before attempted_ns; 0 = there was none */
	struct probe_occupied delivery_wait; /* raised_ns to interrupted_ns, of the CPU of end_io */
	struct probe_occupied waiter_wait;	/* ended_ns to completed_ns of a submitter that slept, of its CPU */
	struct probe_occupied hop_wait;	/* hop_queued_ns to hop_started_ns, of the CPU that ran it */
	probe_u32 marks;		/* enum probe_life_mark */
	probe_u16 requests;		/* issued, without those issued anew; 0 = not counted */
	probe_u16 bios;			/* end_io calls; 0 = not counted */
	probe_u16 requeues;		/* block_rq_requeue */
	probe_u16 raise_cpu;		/* where raised_ns was, or PROBE_NO_CPU */
	probe_u16 hop_cpu;		/* where the hop ran, or PROBE_NO_CPU */
	probe_u16 reserved;
	probe_u32 hop_tid;		/* the worker of the hop; 0 = none seen */
	probe_u32 stopped_ns;		/* of the submitter's wait: its cgroup's quota was used up; saturates */
	probe_u32 stolen_ns;		/* of the I/O: the hypervisor had the CPU of end_io; saturates */
	probe_u32 unwoken_ns;		/* of the submitter's wait: what BATCHED and ELSEWHERE say; saturates */
};

#include "probe_layers.h"

#define PROBE_OCCUPANT_NAME_SIZE	32

/* A task or work item with a name occupied a CPU while completions were queued there. */
struct probe_occupancy {
	probe_u8 kind;			/* PROBE_RECORD_OCCUPANCY */
	probe_u8 occupant;		/* PROBE_OCCUPANT_POOL_WORK or PROBE_OCCUPANT_OTHER_TASK */
	probe_u16 cpu;
	probe_u32 tid;
	probe_u64 from_ns;
	probe_u64 until_ns;
	probe_u64 function;		/* of the work, 0 = none; user space puts its name below, and 0 here */
	char name[PROBE_OCCUPANT_NAME_SIZE]; /* comm, or function: untrusted bytes, NUL padded */
};

/* The name of a thread, sent when its number is first seen. */
struct probe_task {
	probe_u8 kind;			/* PROBE_RECORD_TASK */
	probe_u8 reserved[3];
	probe_u32 tid;
	probe_u32 tgid;
	probe_u32 reserved2;
	char comm[16];			/* untrusted bytes, NUL padded */
};

#define PROBE_COMM_SIZE		16
#define PROBE_MAX_DEVICES	4096

/* Between the bursts of a recording I/Os are counted, and no more. */
enum probe_pause {
	PROBE_PAUSE_NONE = 0,
	PROBE_PAUSE_BEGINS = 1,		/* no further I/O is let in; those in flight are followed */
	PROBE_PAUSE = 2,		/* nothing is attached but what lets I/Os in */
};

/* Read-only to BPF; user space writes it between open and load. */
struct probe_settings {
	probe_u32 bucket_mask;		/* slots = (bucket_mask + 1) * PROBE_BUCKET_SLOTS */
	probe_u32 ring_mask;		/* rings - 1 */
	probe_u32 filter_task;		/* only tgids marked in the traced map */
	probe_u32 filter_comm;		/* only submitters named comm */
	probe_u32 filter_inode;		/* only this inode number */
	probe_u32 filter_device;	/* only devices in the map of them */
	probe_u32 task_work_seen;	/* io_req_rw_complete is attached: io_uring's I/Os end there */
	probe_u32 irq_disable_counted;	/* preempt_count may have HARDIRQ_DISABLE_BITS (7.3), which move the hardirq bits: until it is read */
	probe_u32 clocks_run;		/* sched_switch and the start of work items are attached: occupants are known */
	probe_u32 sample_every;		/* one of so many I/Os is recorded, at random; 0 and 1 = all */
	probe_u32 wake_every;		/* user space is woken once in so many records of a CPU: a power of two */
	probe_u32 summary;		/* I/Os are aggregated in the kernel, see probe_summary.h; > 1: all but one of so many */
	probe_u32 pauses;		/* recording may pause: enum probe_pause says whether it does */
	probe_u32 files_stack;		/* some links lead from a kiocb to the one that it was made for */
	probe_u64 inode;
	char comm[PROBE_COMM_SIZE];
	probe_u32 layers;		/* some links are those of layers between a file system and a disk */
	probe_u32 punts_seen;		/* io_uring's requests are seen to be handed to its workers */
	probe_u32 stacked_disks;	/* some disks give their I/O to others; probe_stacked has them */
	probe_u32 slots_elsewhere;	/* not as many as by default: their buckets are in a map of their own */
	probe_u32 contexts_misread;	/* for tests: preempt_count is read where it is not */
	probe_u32 activations_seen;	/* works that waited at their workqueue's limit are seen to be activated */
	probe_u32 witnessed;		/* bits: which programs of probe_witnessed have a witness */
	probe_u32 counted_apart;	/* in a pause I/Os of iomap are counted by a program of its own, not by the kprobe */
};

/* No filter, sample, summary or stacked disk, and all causes: what the plain flavour of the programs takes for granted. */
static inline __attribute__((always_inline)) int probe_settings_are_plain(const struct probe_settings *settings)
{
	return (settings->filter_task == 0) & (settings->filter_comm == 0) & (settings->filter_inode == 0) &
	       (settings->filter_device == 0) & (settings->sample_every <= 1) & (settings->clocks_run == 1) &
	       (settings->summary == 0) & (settings->stacked_disks == 0) & (settings->slots_elsewhere == 0) &
	       (settings->contexts_misread == 0);
}

#include "probe_links.h"

/* Programs that look up a slot; each has its own place in probe_cpu.key. */
enum probe_key_user {
	PROBE_KEY_BEGIN,
	PROBE_KEY_LEGACY_BEGIN,
	PROBE_KEY_BLOCK_DEVICE_READ,
	PROBE_KEY_BLOCK_DEVICE_WRITE,
	PROBE_KEY_ISSUE,
	PROBE_KEY_END,
	PROBE_KEY_SIMPLE_END,
	PROBE_KEY_LEGACY_END,
	PROBE_KEY_LEGACY_SYNC_END,
	PROBE_KEY_BLOCK_DEVICE_END,
	PROBE_KEY_BLOCK_DEVICE_ASYNC_END,
	PROBE_KEY_QUEUE,
	PROBE_KEY_START,
	PROBE_KEY_COMPLETE,
	PROBE_KEY_LEGACY_COMPLETE,
	PROBE_KEY_BLOCK_DEVICE_READ_RETURN,
	PROBE_KEY_BLOCK_DEVICE_WRITE_RETURN,
	PROBE_KEY_AIO_COMPLETE,
	PROBE_KEY_IO_URING_COMPLETE,
	PROBE_KEY_IOPOLL_COMPLETE,
	PROBE_KEY_TASK_WORK,
	PROBE_KEY_LAYER_ENTRY,
	PROBE_KEY_LAYER_DONE,
	PROBE_KEY_DISK_DONE,
	PROBE_KEY_PUNT,
	PROBE_KEY_REQUEUE, PROBE_KEY_RAISE, PROBE_KEY_AWAITED_END, PROBE_KEY_ACTIVATE,
	PROBE_KEY_THROTTLE,
	PROBE_KEY_AIO_WITNESS, PROBE_KEY_IO_URING_WITNESS,
	PROBE_KEY_START_WITNESS, PROBE_KEY_LAYER_ENTRY_WITNESS, PROBE_KEY_ISSUE_WITNESS,
	PROBE_KEY_DISK_DONE_WITNESS, PROBE_KEY_END_WITNESS,
	PROBE_KEY_USERS = 64,
};

/* Programs that have a witness, a second one at the same place. */
enum probe_witnessed {
	PROBE_WITNESSED_START,
	PROBE_WITNESSED_LAYER_ENTRY,
	PROBE_WITNESSED_ISSUE,
	PROBE_WITNESSED_DISK_DONE,
	PROBE_WITNESSED_END,
	PROBE_WITNESSED = 5,
};

#define PROBE_SOFTIRQS	10

/* Contexts that the probes read where they are known. */
enum probe_test {
	PROBE_TEST_HARDIRQ,
	PROBE_TEST_SOFTIRQ,
	PROBE_TEST_TASK,
};
#define PROBE_TESTS		3
#define PROBE_TEST_READINGS	256	/* by each CPU */

/* Bits of a byte in the marks. */
enum probe_mark {
	PROBE_MARK_TRACED = 1,		/* by tgid: its I/Os are recorded */
	PROBE_MARK_SUBMITTER = 2,	/* by tid: it submitted traced I/Os, and its name was sent */
};

/* The other bits of a mark: the CPU that a submitter was last switched from, modulo so many. */
#define PROBE_MARK_CPU_SHIFT	2
#define PROBE_MARK_CPUS		64

/*
 * One per CPU, written by that CPU only. State has one writer program each, and
 * a program never nests on a CPU; counters have several and are atomic.
 */
struct probe_cpu {
	/* state */
	probe_u64 irq_entered_ns;	/* 0 = not in a handler */
	probe_u64 softirq_entered_ns;
	probe_u32 irq;
	probe_u32 irq_ends;		/* end_io calls since the last hard IRQ entry */
	probe_u32 softirq_ends;		/* ... and softirq entry */
	/* who occupies the CPU */
	probe_u32 occupant;		/* enum probe_occupant, now */
	probe_u32 task_occupant;		/* the same below softirqs and interrupts */
	probe_u32 interrupted_occupant;	/* the same below the hard interrupt */
	probe_u32 occupant_tid;		/* task of task_occupant */
	probe_u32 waiting;		/* completions that are queued here and not started */
	probe_u32 run_works;		/* completions since the last switch */
	probe_u32 standing_tid;		/* the runnable submitter that the last switch took the CPU from, for a kworker */
	probe_u32 submitter_left_tid;	/* the last submitter that was switched from */
	probe_u64 occupied_since_ns;	/* up to here the clocks count; 0 = they have not begun */
	probe_u64 task_occupied_since_ns;
	probe_u64 occupant_function;	/* the work of a kworker, by address */
	probe_u64 switched_ns;
	probe_u64 submitter_left_ns;
	probe_u64 submitter_left_switches; /* how often that one had been switched from */
	probe_u64 unreaped;		/* I/Os complete since, << PROBE_UNREAPED_SHIFT, and the sum of their times since it left */
	probe_u64 clock_ns[PROBE_OCCUPANTS]; /* cumulative, by occupant */
	/* the I/O that was begun here last and has not been issued: its slot's key, when, 0 = none, by whom */
	probe_u64 begun_key;
	probe_u64 begun_ns;		/* or PROBE_BEGUN_BEFORE_A_SLEEP */
	probe_u32 begun_tid;
	probe_u32 is_marked_here;	/* the submitter that came last had left this CPU before: its mark says so already */
	probe_u64 io_pool;		/* the pool of works that complete I/Os here, by address; 0 = not met yet */
	probe_u64 sent_key;		/* of the I/O that was sent here last: its ki_complete is to come, and has nothing to tell */
	/* softirqs that were raised here and not run yet, by vector; 0 = none */
	probe_u64 raise_ns[PROBE_SOFTIRQS];
	struct probe_occupied raise_clocks[PROBE_SOFTIRQS];
	/* of the softirq that runs */
	probe_u64 softirq_raised_ns;
	struct probe_occupied softirq_raise_clocks;
	struct probe_occupied softirq_clocks; /* at its entry */
	/* when the quota of a cgroup was last filled here, and of the submitter that runs: when it was used up before */
	probe_u64 unstopped_ns;
	probe_u64 stop_from_ns;
	probe_u64 stop_until_ns;
	struct probe_occupied stop_from;
	struct probe_occupied stop_until;
	probe_u32 stop_tid;
	/* the last completion of this sleeping submitter's, that waits for several */
	probe_u32 batch_tid;
	probe_u64 batch_last_ns;
	struct probe_occupied batch_clocks;
	probe_u32 submitter_left_runnable;
	probe_u32 hardirq_mask;		/* bits of preempt_count that count hard interrupts; 0 = none came yet */
	probe_u64 key[PROBE_KEY_USERS];	/* where a pointer becomes a number, see iocb_key() */
	/* counters */
	probe_u64 begins;		/* I/Os that passed the filters */
	probe_u64 filtered;		/* I/Os that did not */
	probe_u64 slots_full;		/* no free slot: this I/O is not in the capture */
	probe_u64 restarted;		/* submissions that came to nothing, and began again */
	probe_u64 unmatched;		/* completions without a begin */
	probe_u64 records;		/* I/Os whose record was put in the ring */
	probe_u64 ring_full;		/* I/Os whose record did not fit */
	probe_u64 names;		/* task records put in the ring */
	probe_u64 names_full;		/* task records that did not fit */
	probe_u64 rescued;		/* completions that the first probe missed and ki_complete's saw */
	probe_u64 submitter_runs;	/* switches to a submitter */
	probe_u64 worker_runs;		/* switches to a kworker that then completed I/Os */
	probe_u64 works;		/* I/Os that kworkers completed, traced or not */
	probe_u64 submitter_displaced_ns;	/* runnable, while such a kworker ran in its place */
	probe_u64 occupancies;		/* occupancy records put in the ring */
	probe_u64 occupancies_full;		/* occupancy records that did not fit */
	probe_u64 reaps;		/* I/Os complete while their submitter was off the CPU, which it has had since */
	probe_u64 reap_ns;		/* their time from completion to that */
	probe_u64 completed_awake;	/* I/Os complete while their submitter had a CPU */
	probe_u64 sampled_out;		/* I/Os that passed the filters and were left out */
	probe_u64 summed_up;		/* I/Os that are in a summary instead of a record */
	probe_u64 lost;			/* begun I/Os whose completion is in the past and was not seen */
	probe_u64 lost_ns;		/* of those: from their begin until it had come at the latest */
	probe_u64 lost_recorded;		/* records of them put in the ring */
	probe_u64 lost_unrecorded;		/* ... that did not fit */
	probe_u64 unseen_runs;		/* tasks that came to the CPU and were not seen to leave it */
	probe_u64 unseen_ns;		/* from when they came to the next switch that was seen */
	probe_u64 unseen_tid;		/* the last of them */
	probe_u64 stops;		/* times that a submitter stood still for its cgroup's quota */
	probe_u64 stopped_ns;
	probe_u32 tests[PROBE_TESTS];	/* readings of the context where it is known, the first ones only */
	probe_u32 misread[PROBE_TESTS];	/* those that were wrong */
	probe_u32 delivery_waits;	/* an interrupt's thread or a softirq is to run here: 1 until it does */
	probe_u32 submitter_waits;	/* a submitter that is not on this CPU is to run here: 1 until one does */
	probe_u32 suspended;		/* submitters that left this CPU in the midst of a submission */
	probe_u32 io_worker_tid;	/* the worker of io_pool that was met last: its task's number */
	probe_u64 io_worker_task;	/* the task, by address; 0 = none was met */
	probe_u64 io_worker;		/* the worker, by address */
	probe_u64 witnessed;		/* runs that were skipped, and that a witness did */
	probe_u64 seen[PROBE_WITNESSED][2]; /* what that program ran for last here, and its witness not yet */
	/* of them the one that is kept at hand, 0 = none, see submissions.bpf.h */
	probe_u32 suspended_tid;
	probe_u32 suspension;
	probe_u64 suspended_key;
	probe_u64 suspended_begun_ns;
	probe_u64 reserved[4];
};

#define PROBE_BEGUN_BEFORE_A_SLEEP	1

#define PROBE_UNREAPED_SHIFT	48

#define PROBE_BUCKET_SLOTS	8
#define PROBE_NEAR_BUCKETS	8192	/* of as many slots as there are by default, 65,536 */
#define PROBE_MAX_CPUS		1024

/* Keys of eight slots, one cache line. A key is a kiocb address, 0 = free. */
struct probe_bucket {
	probe_u64 iocb[PROBE_BUCKET_SLOTS];
};

/* Part of the map of marks, enum probe_mark: one byte a process or thread. */
#define PROBE_MARKS	64
struct probe_marks {
	probe_u8 task[PROBE_MARKS];
};

_Static_assert(sizeof(struct probe_io) == 128, "probe_io is 128 bytes in every capture");
_Static_assert(sizeof(struct probe_task) == 32, "probe_task is 32 bytes in every capture");
_Static_assert(sizeof(struct probe_waited_io) == 192, "probe_waited_io is 192 bytes in every capture");
_Static_assert(sizeof(struct probe_life) == 384, "probe_life is 384 bytes in every capture");
_Static_assert(sizeof(struct probe_occupancy) == 64, "probe_occupancy is 64 bytes in every capture");
_Static_assert(sizeof(struct probe_bucket) == 64, "a bucket is a cache line");
_Static_assert(sizeof(struct probe_cpu) % 64 == 0, "CPUs do not share a cache line");
_Static_assert(__builtin_offsetof(struct probe_io, facts) == 12, "");
_Static_assert(__builtin_offsetof(struct probe_io, submitted_ns) == 16, "");
_Static_assert(__builtin_offsetof(struct probe_io, task_work_ns) == 80, "");
_Static_assert(__builtin_offsetof(struct probe_io, inode) == 88, "");
_Static_assert(__builtin_offsetof(struct probe_io, dev) == 104, "");
_Static_assert(__builtin_offsetof(struct probe_io, irq) == 120, "");
_Static_assert(__builtin_offsetof(struct probe_io, irq_batch) == 126, "");
_Static_assert(__builtin_offsetof(struct probe_task, comm) == 16, "");
_Static_assert(__builtin_offsetof(struct probe_life, attempted_ns) == 192, "");
_Static_assert(__builtin_offsetof(struct probe_life, raised_ns) == 224, "");
_Static_assert(__builtin_offsetof(struct probe_life, delivery_wait) == 256, "");
_Static_assert(__builtin_offsetof(struct probe_life, hop_wait) == 320, "");
_Static_assert(__builtin_offsetof(struct probe_life, marks) == 352, "");
_Static_assert(__builtin_offsetof(struct probe_life, hop_tid) == 368, "");

#endif
