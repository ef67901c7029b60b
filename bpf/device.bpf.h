/* SPDX-License-Identifier: GPL-2.0-only */
/* Down to the driver, and back to the end_io of each of its bios. */
#ifndef DEVICE_BPF_H
#define DEVICE_BPF_H

#include "deliverers.bpf.h"
#include "delivery.bpf.h"
#include "layers.bpf.h"
#include "submitter_wait.bpf.h"
#include "witnesses.bpf.h"

/* Another of its requests, or one that went back to the queue. */
static __noinline int issued_again(struct probe_io *io)
{
	struct probe_life *life = life_of(io);

	if (!life->requests) {
		life->requests = 1;
		life->first_issued_ns = io->issued_ns;
	}
	life->requests++;
	return 0;
}

/* Has it left its submitter's hands? */
static __always_inline bool is_let_go(const struct probe_io *io)
{
	return io->kind >= PROBE_RECORD_LIFE && ((const struct probe_life *)io)->returned_ns;
}

/*
 * Not by its submitter in the midst of its submission, or after a sleep in it.
 * It had a request when its submitter let go of it, or came by one later.
 */
verified_once_with_memory int issued_late(struct probe_deep *slot, __u64 requested, __u64 now)
{
	struct probe_io *io = io_in(slot);
	struct probe_life *life;

	if (!slot)
		return 0;
	/* What it slept for was something else. */
	if (!is_let_go(io) && io->submitter_tid == (__u32)bpf_get_current_pid_tgid())
		return 0;
	life = life_of(io);
	if (!requested) {
		life->marks |= PROBE_LIFE_NO_REQUEST_TIME;
		return 0;
	}
	/* It had one when it left the submitter's hands: from then on it is queued. */
	if (life->returned_ns && requested <= life->returned_ns) {
		requested = life->returned_ns;
		life->returned_ns = 0;
	}
	if (requested >= io->submitted_ns && requested <= now)
		life->requested_ns = requested;
	return 0;
}

static __always_inline int bio_issued(struct probe_cpu *cpu, enum probe_key_user user, struct request *rq,
				      struct bio *bio, __u64 now)
{
	struct probe_io *io = io_of_bio(cpu, user, bio);

	if (!io)
		return 0;
	if (io->issued_ns)
		issued_again(io);
	else if (cpu->begun_ns == io->submitted_ns && cpu->begun_tid == io->submitter_tid)
		cpu->begun_ns = 0;
	else
		issued_late(slot_of(io), read_kernel(rq, start_time_ns), now);
	io->issued_ns = now;
	if (probe_settings.stacked_disks)
		note_layer(cpu, slot_of(io), user, disk_of_bio(bio), now);
	return 0;
}

/* Merged into the request of another, which is nearly always alone. */
verified_once_with_memory int another_bio_issued(struct probe_cpu *cpu, __u32 user, __u64 rq, __u64 bio, __u64 now)
{
	if (!cpu)
		return 0;
	return bio_issued(cpu, user % PROBE_KEY_USERS, cast_kernel(struct request, rq), cast_kernel(struct bio, bio), now);
}

static __always_inline int bios_issued(struct probe_cpu *cpu, enum probe_key_user user, struct request *rq)
{
	struct bio *bio = read_kernel(rq, bio);
	/* The search is no time of the I/O's. */
	__u64 now = bpf_ktime_get_ns();
	__u64 number;

	if (!bio)
		return 0;
	bio_issued(cpu, user, rq, bio, now);
	if (bio == read_kernel(rq, biotail))
		return 0;
	number = iocb_key(cpu, user, rq);
	for (__u32 i = 1; i < MERGED_BIOS && i < merged_bios(); i++) {
		bio = read_kernel(bio, bi_next);
		if (!bio)
			break;
		another_bio_issued(cpu, user, number, iocb_key(cpu, user, bio), now);
	}
	return 0;
}

static __always_inline int io_issue(struct request *rq)
{
	struct probe_cpu *cpu = this_cpu_with_word(PROBE_WITNESSED_ISSUE, rq);

	return cpu ? bios_issued(cpu, PROBE_KEY_ISSUE, rq) : 0;
}

verified_once_with_memory int bio_requeued(struct probe_cpu *cpu, __u64 bio)
{
	struct probe_io *io = cpu ? io_of_bio(cpu, PROBE_KEY_REQUEUE, cast_kernel(struct bio, bio)) : 0;

	if (io)
		life_of(io)->requeues++;
	return 0;
}

static __always_inline int io_requeue(struct request *rq)
{
	struct probe_cpu *cpu = this_cpu();
	struct bio *bio = read_kernel(rq, bio);

	for (__u32 i = 0; i < MERGED_BIOS && i < merged_bios() && cpu && bio; i++) {
		bio_requeued(cpu, iocb_key(cpu, PROBE_KEY_REQUEUE, bio));
		bio = read_kernel(bio, bi_next);
	}
	return 0;
}

SEC("?tp_btf/block_rq_requeue")
int BPF_PROG(request_requeued, struct request *rq)
{
	return io_requeue(rq);
}

/* Before a54895fa057c (5.11) the tracepoint's first argument is the request's queue. */
SEC("?tp_btf/block_rq_requeue")
int BPF_PROG(request_requeued_from_queue, struct request_queue *queue, struct request *rq)
{
	return io_requeue(rq);
}

verified_once_with_memory int bio_raised(struct probe_cpu *cpu, __u64 bio, __u32 submit_cpu)
{
	struct probe_io *io = cpu ? io_of_bio(cpu, PROBE_KEY_RAISE, cast_kernel(struct bio, bio)) : 0;

	if (io)
		io_raise(cpu, slot_of(io), submit_cpu);
	return 0;
}

SEC("?fexit/blk_mq_complete_request_remote")
int BPF_PROG(request_raised, struct request *rq, bool elsewhere)
{
	struct probe_cpu *cpu;
	struct blk_mq_ctx *submitter;
	struct bio *bio;

	if (!elsewhere)
		return 0;
	submitter = read_kernel(rq, mq_ctx);
	bio = read_kernel(rq, bio);
	cpu = this_cpu();
	for (__u32 i = 0; i < MERGED_BIOS && i < merged_bios() && cpu && bio; i++) {
		bio_raised(cpu, iocb_key(cpu, PROBE_KEY_RAISE, bio), read_kernel(submitter, cpu));
		bio = read_kernel(bio, bi_next);
	}
	return 0;
}

SEC("?tp_btf/block_rq_issue")
int BPF_PROG(request_issued, struct request *rq)
{
	return io_issue(rq);
}

SEC("?tp_btf/block_rq_issue")
int BPF_PROG(layer_issue_witnessed, struct request *rq)
{
	struct probe_cpu *cpu = this_cpu_without_word(PROBE_WITNESSED_ISSUE, PROBE_KEY_ISSUE_WITNESS, rq);

	return cpu ? bios_issued(cpu, PROBE_KEY_ISSUE_WITNESS, rq) : 0;
}

/* Before a54895fa057c (5.11) the tracepoint's first argument is the request's queue. */
SEC("?tp_btf/block_rq_issue")
int BPF_PROG(request_issued_from_queue, struct request_queue *queue, struct request *rq)
{
	return io_issue(rq);
}

#define END_FACTS (PROBE_FACT_END_DECIDES | PROBE_FACT_WAITER | PROBE_FACT_NEED_SYNC | \
	PROBE_FACT_WRITE_THROUGH | PROBE_FACT_UNWRITTEN | PROBE_FACT_COW | \
	PROBE_FACT_INLINE_COMP | PROBE_FACT_CALLER_COMP | PROBE_FACT_COMP_WORK | \
	PROBE_FACT_EXTENDS_ISIZE | PROBE_FACT_PAGE_CACHE | PROBE_FACT_END_ERROR | PROBE_FACT_END_BY_SUBMITTER)

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
	} else if (is_softirq(io->end_context) && cpu->softirq_entered_ns) {
		io->interrupted_ns = cpu->softirq_entered_ns;
		io->irq_batch = ++cpu->softirq_ends;
		softirq_delivered(slot_of(io), cpu);
	} else if (io->end_context == PROBE_CONTEXT_IRQ_THREAD) {
		thread_delivers(slot_of(io));
	} else if (io->end_context == PROBE_CONTEXT_KWORKER) {
		work_delivers(slot_of(io));
	} else if (io->end_context == PROBE_CONTEXT_TASK && !(io->facts & PROBE_FACT_HIPRI)) {
		if (io->submitter_tid == (__u32)bpf_get_current_pid_tgid())
			io->facts |= PROBE_FACT_END_BY_SUBMITTER;
		else
			task_delivers(slot_of(io));
	}
}

/* The same where end_io was not seen by itself. */
verified_once_with_memory int end_must_be_here(struct probe_deep *slot, struct probe_cpu *cpu)
{
	if (slot && cpu)
		note_end(io_in(slot), cpu);
	return 0;
}

/* Its submitter completes it, and sleeps until then; or it has yet to fall asleep, and will find it done. */
static __always_inline bool is_waited_for(const struct probe_io *io, __u32 end_facts)
{
	return io->issuer == PROBE_ISSUER_SYNC || end_facts & PROBE_FACT_WAITER;
}

static __noinline int another_bio_ends(struct probe_io *io)
{
	struct probe_life *life = life_of(io);

	life->bios = life->bios ? life->bios + 1 : 2;
	return 0;
}

/* Another CPU may have issued it just before its submission returned: then it had left the submitter's hands already. */
static __noinline int submission_ended(struct probe_life *life)
{
	__u64 issued = life->requests ? life->first_issued_ns : life->waited.io.issued_ns;

	if (!issued)
		return 0;
	if (life->returned_ns <= issued) {
		/* It fell asleep while another CPU was about to issue it: it had its request. */
		if (life->requested_ns && life->requested_ns < life->returned_ns) {
			life->requested_ns = life->returned_ns;
			life->returned_ns = 0;
		}
		return 0;
	}
	if (life->requested_ns < life->returned_ns)
		life->requested_ns = 0;
	life->returned_ns = 0;
	return 0;
}

/* Called once a bio; what the last one says stays. */
static __always_inline void io_end(struct probe_io *io, struct probe_cpu *cpu, __u32 end_facts)
{
	__u32 facts = io->facts & ~END_FACTS;

	if (facts & PROBE_FACT_END_SEEN) {
		facts |= PROBE_FACT_MULTI_BIO;
		another_bio_ends(io);
	}
	io->facts = facts | PROBE_FACT_END_SEEN | end_facts;
	if (io->kind >= PROBE_RECORD_LIFE)
		submission_ended((struct probe_life *)io);
	note_end(io, cpu);
	if (clocks_run() && is_waited_for(io, end_facts) && is_delivery(io->end_context))
		io->ended_ns = submitter_wait_begins(io, cpu);
	else
		io->ended_ns = bpf_ktime_get_ns();
}

/* Has the file pages that a write makes stale? */
static __always_inline __u32 page_cache_facts(struct address_space *mapping)
{
	return read_kernel(mapping, nrpages) ? PROBE_FACT_PAGE_CACHE : 0;
}

/* What iomap_dio_bio_end_io is about to decide by. */
static __always_inline __u32 iomap_end_facts(const struct probe_io *io, struct kiocb *iocb, struct iomap_dio *dio,
					     struct bio *bio)
{
	__u64 counted = dio_flags_and_refs(dio);
	__u64 outcome = dio_waiter_and_error(dio);
	__u32 flags = counted >> 32;
	__u32 facts = dio_flag_facts(flags);
	struct file *file;
	loff_t position;

	if ((__u32)counted == 1) {
		facts |= PROBE_FACT_END_DECIDES;
		if (outcome >> 32)
			facts |= PROBE_FACT_WAITER;
	}
	if ((__u32)outcome || read_kernel(bio, bi_status))
		facts |= PROBE_FACT_END_ERROR;
	if (!(flags & IOMAP_DIO_WRITE))
		return facts;
	/* One of several parts begins where the one before it ended. Volatile: one load of either is not verified. */
	position = *(const volatile __u64 *)&io->offset_bytes;
	if (io->facts & PROBE_FACT_PARTIAL)
		position = read_kernel(iocb, ki_pos);
	if (position + (loff_t)read_kernel(dio, size) > read_kernel(dio, i_size))
		facts |= PROBE_FACT_EXTENDS_ISIZE;
	file = read_kernel(iocb, ki_filp);
	return facts | page_cache_facts(read_kernel(file, f_mapping));
}

static __always_inline int bio_ends(enum probe_key_user user, struct bio *bio)
{
	struct probe_cpu *cpu = this_cpu();
	struct iomap_dio *dio;
	struct kiocb *iocb;
	struct probe_io *io;
	void *private;

	if (!cpu)
		return 0;
	private = read_kernel(bio, bi_private);
	dio = cast_kernel(struct iomap_dio, private);
	iocb = read_kernel(dio, iocb);
	if (has_witness(PROBE_WITNESSED_END) && was_done(cpu, PROBE_WITNESSED_END, iocb_key(cpu, user, bio)))
		return 0;
	io = io_of_iocb(cpu, user, iocb);
	if (io)
		io_end(io, cpu, iomap_end_facts(io, iocb, dio, bio));
	return 0;
}

SEC("?fentry/iomap_dio_bio_end_io")
int BPF_PROG(bio_ended, struct bio *bio)
{
	return bio_ends(PROBE_KEY_END, bio);
}

SEC("?fentry/iomap_dio_bio_end_io")
int BPF_PROG(layer_end_witnessed, struct bio *bio)
{
	return bio_ends(PROBE_KEY_END_WITNESS, bio);
}

/* Small reads of 7.3: one bio, inline unless it failed. */
SEC("?fentry/iomap_dio_simple_end_io")
int BPF_PROG(simple_bio_ended, struct bio *bio)
{
	struct kiocb *iocb = iocb_of_simple_bio(bio);
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;
	__u32 facts = PROBE_FACT_SIMPLE | PROBE_FACT_END_DECIDES;

	if (!cpu || !iocb)
		return 0;
	io = io_of_iocb(cpu, PROBE_KEY_SIMPLE_END, iocb);
	if (!io)
		return 0;
	if (read_kernel(bio, bi_status))
		facts |= PROBE_FACT_END_ERROR;
	io_end(io, cpu, facts);
	return 0;
}

/*
 * fs/direct-io.c defers for pages in the page cache, or when the submitter or
 * a buffer head said so: for O_(D)SYNC, or for an unwritten extent.
 */
static __always_inline __u32 legacy_end_facts(struct dio *dio, struct bio *bio, __u32 facts)
{
	struct inode *inode = read_kernel(dio, inode);
	__u32 end = 0;

	if (read_kernel(dio, refcount) == 1)
		end |= PROBE_FACT_END_DECIDES;
	if (read_kernel(dio, io_error) || read_kernel(bio, bi_status))
		end |= PROBE_FACT_END_ERROR;
	if (!(facts & PROBE_FACT_WRITE))
		return end;
	if (read_kernel(dio, defer_completion))
		end |= facts & (PROBE_FACT_DSYNC | PROBE_FACT_SYNC) ? PROBE_FACT_NEED_SYNC : PROBE_FACT_UNWRITTEN;
	return end | page_cache_facts(read_kernel(inode, i_mapping));
}

static __always_inline int legacy_end(struct bio *bio, enum probe_key_user key_user, __u32 facts)
{
	void *private = read_kernel(bio, bi_private);
	struct dio *dio = cast_kernel(struct dio, private);
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;

	if (!cpu)
		return 0;
	io = slot_find(iocb_key(cpu, key_user, read_kernel(dio, iocb)));
	if (io)
		io_end(io, cpu, legacy_end_facts(dio, bio, io->facts) | facts);
	return 0;
}

SEC("?fentry/dio_bio_end_aio")
int BPF_PROG(legacy_bio_ended, struct bio *bio)
{
	return legacy_end(bio, PROBE_KEY_LEGACY_END, 0);
}

/* The submitter waits: always when it is synchronous, and for extending writes. */
SEC("?fentry/dio_bio_end_io")
int BPF_PROG(legacy_sync_bio_ended, struct bio *bio)
{
	return legacy_end(bio, PROBE_KEY_LEGACY_SYNC_END, PROBE_FACT_END_DECIDES | PROBE_FACT_WAITER);
}

static __always_inline int block_device_end(struct bio *bio, struct kiocb *iocb, enum probe_key_user key_user)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;

	if (!cpu)
		return 0;
	io = slot_find(block_device_key(cpu, key_user, iocb));
	if (io)
		io_end(io, cpu, read_kernel(bio, bi_status) ? PROBE_FACT_END_ERROR : 0);
	return 0;
}

SEC("?fentry/blkdev_bio_end_io")
int BPF_PROG(block_device_bio_ended, struct bio *bio)
{
	return block_device_end(bio, iocb_of_block_device_bio(bio), PROBE_KEY_BLOCK_DEVICE_END);
}

SEC("?fentry/blkdev_bio_end_io_async")
int BPF_PROG(block_device_async_bio_ended, struct bio *bio)
{
	return block_device_end(bio, iocb_of_block_device_async_bio(bio), PROBE_KEY_BLOCK_DEVICE_ASYNC_END);
}

/* One bio, and a task that waits for it: of a block device, or of a small read of 7.3. */
static __always_inline int awaited_bio_end(struct bio *bio)
{
	struct probe_cpu *cpu = this_cpu();
	struct probe_io *io;
	__u64 key;

	if (!cpu)
		return 0;
	key = key_of_waiting(cpu, PROBE_KEY_AWAITED_END, iocb_key(cpu, PROBE_KEY_AWAITED_END, bio));
	io = key ? slot_find(key) : 0;
	if (io)
		io_end(io, cpu, PROBE_FACT_END_DECIDES | PROBE_FACT_WAITER |
				(read_kernel(bio, bi_status) ? PROBE_FACT_END_ERROR : 0));
	return 0;
}

SEC("?fentry/submit_bio_wait_endio")
int BPF_PROG(awaited_bio_ended, struct bio *bio)
{
	return awaited_bio_end(bio);
}

SEC("?fentry/bio_wait_end_io")
int BPF_PROG(renamed_awaited_bio_ended, struct bio *bio)
{
	return awaited_bio_end(bio);
}

SEC("?fentry/blkdev_bio_end_io_simple")
int BPF_PROG(simple_block_device_bio_ended, struct bio *bio)
{
	return awaited_bio_end(bio);
}

#endif
