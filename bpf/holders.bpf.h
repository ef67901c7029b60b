/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds the CPU: a clock for each kind of holder, of which exactly one runs.
 * The holders of a wait are the clocks at its end less those at its begin.
 */
#ifndef HOLDERS_BPF_H
#define HOLDERS_BPF_H

#include "marks.bpf.h"
#include "rings.bpf.h"
#include "works.bpf.h"

/* Are all switches seen? Otherwise nobody can be said to hold a CPU. */
static __always_inline bool clocks_run(void)
{
	return probe_settings.clocks_run;
}

/* A pool of one CPU at normal priority is the pool of the works that complete I/Os there. */
static __always_inline bool pool_completes_io(struct worker_pool *pool)
{
	struct workqueue_attrs *attrs = read_kernel(pool, attrs);

	return read_kernel(pool, cpu) >= 0 && !read_kernel(attrs, nice);
}

struct holding {
	enum probe_holder holder;
	__u64 function;			/* of a kworker's work */
};

static __always_inline struct holding holding_of_worker(struct task_struct *task)
{
	struct worker *worker = worker_of(task);
	const void *function = (const void *)read_kernel(worker, current_func);
	struct holding holding = { .function = (__u64)function };

	if (completes_io(function))
		holding.holder = PROBE_HOLDER_COMPLETION_WORK;
	else if (!pool_completes_io(read_kernel(worker, pool)))
		holding.holder = PROBE_HOLDER_OTHER_TASK;
	else
		holding.holder = function ? PROBE_HOLDER_POOL_WORK : PROBE_HOLDER_WORKER_SWITCH;
	return holding;
}

static __always_inline struct holding holding_of(struct task_struct *task)
{
	__u32 tid = read_kernel(task, pid);
	struct holding holding = { .holder = PROBE_HOLDER_IDLE };
	__u8 *marks;

	if (!tid)
		return holding;
	if (read_kernel(task, flags) & PF_WQ_WORKER)
		return holding_of_worker(task);
	marks = marks_of(tid);
	holding.holder = marks && *marks & PROBE_MARK_SUBMITTER ? PROBE_HOLDER_SUBMITTER : PROBE_HOLDER_OTHER_TASK;
	return holding;
}

/* From now on the task of this CPU is a holder of this kind. */
static __always_inline void hold_as(struct probe_cpu *cpu, struct holding holding, __u32 tid, __u64 now)
{
	if (!clocks_run())
		return;
	cpu->task_holder = holding.holder;
	cpu->holder = holding.holder;
	cpu->held_function = holding.function;
	cpu->held_tid = tid;
	cpu->task_held_since_ns = now;
}

/* Without it, all before the CPU's first switch would have no known holder. */
static __noinline void start_clocks(struct probe_cpu *cpu, __u64 now)
{
	struct task_struct *task = current_task();

	cpu->held_since_ns = now;
	hold_as(cpu, holding_of(task), read_kernel(task, pid), now);
}

/* Advances the holder's clock. Only where interrupts are off: nothing must come between. */
static __always_inline void hold_until(struct probe_cpu *cpu, __u64 now)
{
	if (!clocks_run())
		return;
	if (!cpu->held_since_ns)
		return start_clocks(cpu, now);
	cpu->clock_ns[cpu->holder % PROBE_HOLDERS] += now - cpu->held_since_ns;
	cpu->held_since_ns = now;
}

#define HOLD_ATTEMPTS	3

#ifdef PROBE_MODERN

/* The same wherever it is called: an interrupt that comes between advances the clock itself, and we begin anew. */
static __always_inline __u64 hold_until_now(struct probe_cpu *cpu)
{
	__u64 now = bpf_ktime_get_ns();

	if (!clocks_run())
		return now;
	if (!cpu->held_since_ns) {
		start_clocks(cpu, now);
		return now;
	}
	for (int i = 0; i < HOLD_ATTEMPTS; i++) {
		__u64 since = *(volatile __u64 *)&cpu->held_since_ns;
		__u32 holder = *(volatile __u32 *)&cpu->holder % PROBE_HOLDERS;

		now = bpf_ktime_get_ns();
		if (__sync_val_compare_and_swap(&cpu->held_since_ns, since, now) == since) {
			__sync_fetch_and_add(&cpu->clock_ns[holder], now - since);
			return now;
		}
	}
	return now;
}

#else

/*
 * Without compare-and-exchange. An interrupt may come before the clock is read,
 * and has then advanced it beyond our time; between that and the store, a few
 * instructions, the wait's holders will not add up, and are dropped.
 */
static __always_inline __u64 hold_until_now(struct probe_cpu *cpu)
{
	__u64 now = bpf_ktime_get_ns();
	__u64 since = *(volatile __u64 *)&cpu->held_since_ns;

	if (now < since)
		return since;
	hold_until(cpu, now);
	return now;
}

#endif

static __noinline int send_hold(struct probe_cpu *cpu, __u64 now)
{
	struct probe_hold hold = { .kind = PROBE_RECORD_HOLD };

	hold.holder = cpu->task_holder;
	hold.cpu = bpf_get_smp_processor_id();
	hold.tid = cpu->held_tid;
	hold.from_ns = cpu->task_held_since_ns;
	hold.until_ns = now;
	hold.function = cpu->held_function;
	bpf_get_current_comm(hold.name, 16);
	emit(struct probe_hold, &hold, &cpu->holds, &cpu->holds_full);
	return 0;
}

/* Tells who leaves, if works of I/Os waited for him: those holders that are worth a name. */
static __always_inline void tell_hold(struct probe_cpu *cpu, __u64 now)
{
	if (!clocks_run() || !cpu->waiting || probe_settings.summary)
		return;
	if (cpu->task_holder == PROBE_HOLDER_OTHER_TASK || cpu->task_holder == PROBE_HOLDER_POOL_WORK)
		send_hold(cpu, now);
}

/* ---- a wait, from clocks to what they have gone on ---- */

static __always_inline void copy_clocks(const struct probe_cpu *cpu, struct probe_held *clocks)
{
	for (int i = 0; i < PROBE_HOLDERS; i++)
		clocks->ns[i] = (__u32)*(volatile __u64 *)&cpu->clock_ns[i];
}

/*
 * The clocks, and the time that they add up to. An interrupt between that time
 * and the reading would advance them beyond it: then they are read anew.
 */
static __always_inline __u64 read_clocks(struct probe_cpu *cpu, struct probe_held *clocks)
{
	__u64 now = 0;

	if (!clocks_run()) {
		wait_unknown(clocks);
		return bpf_ktime_get_ns();
	}
	for (int attempt = 0; attempt < HOLD_ATTEMPTS; attempt++) {
		now = hold_until_now(cpu);
		copy_clocks(cpu, clocks);
		if (*(volatile __u64 *)&cpu->held_since_ns == now)
			break;
	}
	return now;
}

/* The clocks of another CPU are read where they stand, if they do not move meanwhile. */
static __always_inline __u64 read_remote_clocks(const struct probe_cpu *cpu, struct probe_held *clocks)
{
	for (int attempt = 0; attempt < HOLD_ATTEMPTS; attempt++) {
		__u64 since = *(volatile __u64 *)&cpu->held_since_ns;
		__u32 holder = *(volatile __u32 *)&cpu->holder % PROBE_HOLDERS;
		__u64 now;

		copy_clocks(cpu, clocks);
		now = bpf_ktime_get_ns();
		clocks->ns[holder] += (__u32)(now - since);
		if (since && *(volatile __u64 *)&cpu->held_since_ns == since)
			return now;
	}
	return 0;
}

static __always_inline void wait_ends(const struct probe_held *clocks, struct probe_held *held)
{
	for (int i = 0; i < PROBE_HOLDERS; i++)
		held->ns[i] = clocks->ns[i] - held->ns[i];
}

/* Longer waits do not fit. */
#define LONGEST_WAIT_NS	0xffffffffULL

#endif
