/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who occupies the CPU: a clock for each kind of occupant, of which exactly one runs.
 * The occupants of a wait are the clocks at its end less those at its begin.
 */
#ifndef OCCUPANTS_BPF_H
#define OCCUPANTS_BPF_H

#include "marks.bpf.h"
#include "rings.bpf.h"
#include "works.bpf.h"

/* Are all switches seen? Otherwise the occupant of a CPU is unknown. */
static __always_inline bool clocks_run(void)
{
	return probe_settings.clocks_run;
}

/* The per-CPU pool at normal priority is the one that completes I/Os there. */
static __always_inline bool pool_completes_io(struct worker_pool *pool)
{
	struct workqueue_attrs *attrs = read_kernel(pool, attrs);

	return read_kernel(pool, cpu) >= 0 && !read_kernel(attrs, nice);
}

struct occupant {
	enum probe_occupant kind;
	__u64 function;			/* of a kworker's work */
};

/* The CPU's own pool is always the same one: it is looked at once. */
static __always_inline bool is_io_pool(struct probe_cpu *cpu, struct worker_pool *pool)
{
	if ((__u64)pool == cpu->io_pool)
		return true;
	if (!pool_completes_io(pool))
		return false;
	if (read_kernel(pool, cpu) == bpf_get_smp_processor_id())
		cpu->io_pool = (__u64)pool;
	return true;
}

/*
 * A worker of that pool is so as long as it lives, and it is nearly always the one that was met
 * last: it is known by its task, and that task by its number too.
 */
static __always_inline struct worker *worker_met(const struct probe_cpu *cpu, struct task_struct *task)
{
	if ((__u64)task != cpu->io_worker_task || read_kernel(task, pid) != cpu->io_worker_tid)
		return 0;
	return cast_kernel(struct worker, cpu->io_worker);
}

static __always_inline bool is_of_io_pool(struct probe_cpu *cpu, struct task_struct *task, struct worker *worker)
{
	if (!is_io_pool(cpu, read_kernel(worker, pool)))
		return false;
	cpu->io_worker_task = (__u64)task;
	cpu->io_worker_tid = read_kernel(task, pid);
	cpu->io_worker = (__u64)worker;
	return true;
}

static __always_inline struct occupant occupant_of_worker(struct probe_cpu *cpu, struct task_struct *task)
{
	struct worker *met = worker_met(cpu, task);
	struct worker *worker = met ? met : worker_of(task);
	const void *function = (const void *)read_kernel(worker, current_func);
	struct occupant occupant = { .function = (__u64)function };

	if (function && completes_io(function))
		occupant.kind = PROBE_OCCUPANT_COMPLETION_WORK;
	else if (!met && !is_of_io_pool(cpu, task, worker))
		occupant.kind = PROBE_OCCUPANT_OTHER_TASK;
	else
		occupant.kind = function ? PROBE_OCCUPANT_POOL_WORK : PROBE_OCCUPANT_WORKER_SWITCH;
	return occupant;
}

/* - marks: of that task, or NULL. */
static __always_inline enum probe_occupant occupant_marked(const __u8 *marks)
{
	return marks && *marks & PROBE_MARK_SUBMITTER ? PROBE_OCCUPANT_SUBMITTER : PROBE_OCCUPANT_OTHER_TASK;
}

static __always_inline struct occupant occupant_of(struct probe_cpu *cpu, struct task_struct *task)
{
	__u32 tid = read_kernel(task, pid);
	struct occupant occupant = { .kind = PROBE_OCCUPANT_IDLE };

	if (!tid)
		return occupant;
	if (read_kernel(task, flags) & PF_WQ_WORKER)
		return occupant_of_worker(cpu, task);
	occupant.kind = occupant_marked(marks_of(tid));
	return occupant;
}

/* From now on the task of this CPU is an occupant of this kind. */
static __always_inline void occupy_as(struct probe_cpu *cpu, struct occupant occupant, __u32 tid, __u64 now)
{
	if (!clocks_run())
		return;
	cpu->task_occupant = occupant.kind;
	cpu->occupant = occupant.kind;
	cpu->occupant_function = occupant.function;
	cpu->occupant_tid = tid;
	cpu->task_occupied_since_ns = now;
}

/* Without it, all before the CPU's first switch would have no known occupant. */
static __noinline void start_clocks(struct probe_cpu *cpu, __u64 now)
{
	struct task_struct *task = current_task();

	cpu->occupied_since_ns = now;
	occupy_as(cpu, occupant_of(cpu, task), read_kernel(task, pid), now);
}

/* Advances the occupant's clock. Only where interrupts are off: nothing must come between. */
static __always_inline void charge_until(struct probe_cpu *cpu, __u64 now)
{
	if (!clocks_run())
		return;
	if (!cpu->occupied_since_ns)
		return start_clocks(cpu, now);
	cpu->clock_ns[cpu->occupant % PROBE_OCCUPANTS] += now - cpu->occupied_since_ns;
	cpu->occupied_since_ns = now;
}

#define OCCUPANCY_ATTEMPTS	3

#ifdef PROBE_MODERN

/* The same wherever it is called: an interrupt that comes between advances the clock itself, and we begin anew. */
static __always_inline __u64 charge_until_now(struct probe_cpu *cpu)
{
	__u64 now = 0;

	if (!clocks_run())
		return bpf_ktime_get_ns();
	if (!cpu->occupied_since_ns) {
		now = bpf_ktime_get_ns();
		start_clocks(cpu, now);
		return now;
	}
	for (int i = 0; i < OCCUPANCY_ATTEMPTS; i++) {
		__u64 since = *(volatile __u64 *)&cpu->occupied_since_ns;
		__u32 occupant = *(volatile __u32 *)&cpu->occupant % PROBE_OCCUPANTS;

		now = bpf_ktime_get_ns();
		if (__sync_val_compare_and_swap(&cpu->occupied_since_ns, since, now) == since) {
			__sync_fetch_and_add(&cpu->clock_ns[occupant], now - since);
			return now;
		}
	}
	return now;
}

#else

/*
 * Without compare-and-exchange. An interrupt may come before the clock is read,
 * and has then advanced it beyond our time; between that and the store, a few
 * instructions, the wait's occupants will not add up, and are dropped.
 */
static __always_inline __u64 charge_until_now(struct probe_cpu *cpu)
{
	__u64 now = bpf_ktime_get_ns();
	__u64 since = *(volatile __u64 *)&cpu->occupied_since_ns;

	if (now < since)
		return since;
	charge_until(cpu, now);
	return now;
}

#endif

/*
 * Since 7.0 a task may lose the CPU in the midst of a program. What that switch has told is not
 * told again, and from when it has the CPU again is later than when the program read the clock.
 */
static __always_inline __u64 on_cpu_since(const struct probe_cpu *cpu, __u64 now)
{
	__u64 since = *(volatile __u64 *)&cpu->task_occupied_since_ns;

	return since > now ? since : now;
}

static __noinline int send_occupancy(struct probe_cpu *cpu, __u64 now)
{
	struct probe_occupancy occupancy = { .kind = PROBE_RECORD_OCCUPANCY };
	/* Read once: behind this, too, the CPU may be lost, and the time be another. */
	__u64 from = *(volatile __u64 *)&cpu->task_occupied_since_ns;

	if (from > now)
		return 0;
	occupancy.occupant = cpu->task_occupant;
	occupancy.cpu = bpf_get_smp_processor_id();
	occupancy.tid = cpu->occupant_tid;
	occupancy.from_ns = from;
	occupancy.until_ns = now;
	occupancy.function = cpu->occupant_function;
	bpf_get_current_comm(occupancy.name, 16);
	emit(struct probe_occupancy, &occupancy, &cpu->occupancies, &cpu->occupancies_full);
	return 0;
}

/* A record of who leaves the CPU, if I/Os waited for it: only for occupants with a name. */
static __always_inline void emit_occupancy(struct probe_cpu *cpu, __u64 now)
{
	if (!clocks_run() || probe_settings.summary ||
	    (cpu->task_occupant != PROBE_OCCUPANT_OTHER_TASK && cpu->task_occupant != PROBE_OCCUPANT_POOL_WORK))
		return;
	if (cpu->waiting | cpu->delivery_waits | cpu->submitter_waits)
		send_occupancy(cpu, now);
}

/* ---- a wait, from clocks to what they have gone on ---- */

static __always_inline void copy_clocks(const struct probe_cpu *cpu, struct probe_occupied *clocks)
{
	for (int i = 0; i < PROBE_OCCUPANTS; i++)
		clocks->ns[i] = (__u32)*(volatile __u64 *)&cpu->clock_ns[i];
}

/*
 * The clocks, and the time that they add up to. An interrupt between that time
 * and the reading would advance them beyond it: then they are read anew.
 */
static __always_inline __u64 read_clocks(struct probe_cpu *cpu, struct probe_occupied *clocks)
{
	__u64 now = 0;

	if (!clocks_run()) {
		wait_unknown(clocks);
		return bpf_ktime_get_ns();
	}
	for (int attempt = 0; attempt < OCCUPANCY_ATTEMPTS; attempt++) {
		now = charge_until_now(cpu);
		copy_clocks(cpu, clocks);
		if (*(volatile __u64 *)&cpu->occupied_since_ns == now)
			break;
	}
	return now;
}

/* The clocks of another CPU are read where they stand, if they do not move meanwhile. */
static __always_inline __u64 read_remote_clocks(const struct probe_cpu *cpu, struct probe_occupied *clocks)
{
	for (int attempt = 0; attempt < OCCUPANCY_ATTEMPTS; attempt++) {
		__u64 since = *(volatile __u64 *)&cpu->occupied_since_ns;
		__u32 occupant = *(volatile __u32 *)&cpu->occupant % PROBE_OCCUPANTS;
		__u64 now;

		copy_clocks(cpu, clocks);
		now = bpf_ktime_get_ns();
		clocks->ns[occupant] += (__u32)(now - since);
		if (since && *(volatile __u64 *)&cpu->occupied_since_ns == since)
			return now;
	}
	return 0;
}

static __always_inline void wait_ends(const struct probe_occupied *clocks, struct probe_occupied *times)
{
	for (int i = 0; i < PROBE_OCCUPANTS; i++)
		times->ns[i] = clocks->ns[i] - times->ns[i];
}

/* Longer waits do not fit. */
#define LONGEST_WAIT_NS	0xffffffffULL

#endif
