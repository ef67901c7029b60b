/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads the BPF objects where there is no dioscope to do it: every program that this kernel has a
 * place for, as ProbePlan.swift would. Then direct I/O is done, and the records that come of it are
 * compared with it one by one: offset, length, thread, inode, order of times.
 *
 * usage: load_probes OBJECT FILE
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe_records.h"

#define BLOCK		4096
#define WRITES		600	/* by libaio */
#define SYNCHRONOUS	200	/* reads, one after the other */
#define DEPTH		4
#define MOST		128

struct probe {
	char name[48];
	char kind[16];
	char target[48];
	const char *refusal;
	char room[96];
};

static struct probe probes[MOST];
static int count;
static char refused[48];
static char last_message[512];

/* A program is a spare while another one is loaded that does the same better. */
static const char *const spares[][2] = {
	{ "completion_entered", "dio_completed" },
	{ "completion_left", "dio_completed" },
	{ "renamed_awaited_bio_ended", "awaited_bio_ended" },
	{ "request_issued_from_queue", "request_issued" },
	{ "request_requeued_from_queue", "request_requeued" },
	{ "layer_entered_from_queue", "layer_entered" },
	{ "ext4_sync_entered", "sync_entered" },
	{ "ext4_sync_left", "sync_left" },
	{ "block_device_read_probed", "block_device_read_began" },
	{ "block_device_write_probed", "block_device_write_began" },
	{ "dio_rw_entered", "dio_began" },
	{ "dio_rw_probed", "dio_began" },
	{ "dio_rw_probed", "dio_rw_entered" },
	{ "simple_read_probed", "dio_began" },
};

/* Those whose arguments changed: how many the tracepoint has to have, its own data included. */
static const struct {
	const char *name;
	int arguments;
} shapes[] = {
	{ "request_issued", 2 }, { "request_issued_from_queue", 3 }, { "request_requeued", 2 },
	{ "request_requeued_from_queue", 3 }, { "layer_entered", 2 }, { "layer_entered_from_queue", 3 },
	{ "request_punted", 2 + 1 },
};

static int listen_to_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[1 << 16];
	const char *name;

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(text, sizeof(text), format, arguments);
	name = strstr(text, "prog '");
	if (name && (strstr(text, "failed to load") || strstr(text, "load failed")) && !refused[0])
		snprintf(refused, sizeof(refused), "%.*s", (int)strcspn(name + 6, "'"), name + 6);
	if (strlen(text) > 8)
		snprintf(last_message, sizeof(last_message), "%.500s", text + (strlen(text) > 500 ? strlen(text) - 500 : 0));
	return 0;
}

static int parameters(const struct btf *btf, int id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	return btf_vlen(btf__type_by_id(btf, type->type));
}

/* Why this kernel has no place for it, NULL where it has. */
static const char *without_place(const struct btf *btf, const struct probe *probe)
{
	bool is_point = !strcmp(probe->kind, "tp_btf");
	char name[96];
	int id;

	snprintf(name, sizeof(name), "%s%s", is_point ? "btf_trace_" : "", probe->target);
	id = btf__find_by_name_kind(btf, name, is_point ? BTF_KIND_TYPEDEF : BTF_KIND_FUNC);
	if (id <= 0)
		return "not in this kernel";
	if (is_point) {
		int pointer = btf__type_by_id(btf, id)->type;

		for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
			if (!strcmp(shapes[i].name, probe->name) && parameters(btf, pointer) != shapes[i].arguments)
				return "other arguments in this kernel";
	} else if (strcmp(probe->kind, "kprobe") && parameters(btf, id) > 6) {
		return "more arguments than a trampoline takes";
	}
	return NULL;
}

static struct probe *named(const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(probes[i].name, name))
			return &probes[i];
	return NULL;
}

static bool is_spare(const struct probe *probe)
{
	for (size_t i = 0; i < sizeof(spares) / sizeof(*spares); i++) {
		const struct probe *better = named(spares[i][1]);

		if (!strcmp(spares[i][0], probe->name) && better && !better->refusal)
			return true;
	}
	/* No disk here gives its I/O to another. */
	return !strncmp(probe->name, "layer_", 6);
}

static bool is_wanted(const struct probe *probe)
{
	return !probe->refusal && !is_spare(probe);
}

static void list_probes(struct bpf_object *object, const struct btf *btf)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object) {
		const char *section = bpf_program__section_name(program);
		struct probe *probe = &probes[count];

		if (count == MOST)
			exit(70);
		section += *section == '?';
		snprintf(probe->name, sizeof(probe->name), "%s", bpf_program__name(program));
		snprintf(probe->kind, sizeof(probe->kind), "%.*s", (int)strcspn(section, "/"), section);
		snprintf(probe->target, sizeof(probe->target), "%s", section + strcspn(section, "/") + 1);
		probe->refusal = without_place(btf, probe);
		count++;
	}
}

static void set_up(struct bpf_object *object)
{
	struct probe_settings settings = {};
	int cpus = libbpf_num_possible_cpus();

	settings.bucket_mask = PROBE_NEAR_BUCKETS - 1;
	settings.wake_every = 64;
	settings.clocks_run = 1;
	settings.irq_disable_counted = 0;
	bpf_map__set_initial_value(bpf_object__find_map_by_name(object, ".rodata.settings"), &settings, sizeof(settings));
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "probe_slots"), PROBE_NEAR_BUCKETS * PROBE_BUCKET_SLOTS);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "probe_marks"), (4 << 20) / PROBE_MARKS + 1);
	if (bpf_object__find_map_by_name(object, "probe_cpus"))
		bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "probe_cpus"), cpus);
	if (bpf_object__find_map_by_name(object, "probe_completing"))
		bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "probe_completing"), 65536);
}

/* Loads all that the kernel takes; a program that it refuses is left out, and all is loaded anew. */
static struct bpf_object *load(const char *path, const struct btf *btf)
{
	for (;;) {
		struct bpf_object *object = bpf_object__open_file(path, NULL);
		struct bpf_program *program;
		struct probe *culprit;
		int status;

		if (!object)
			exit(69);
		if (!count)
			list_probes(object, btf);
		bpf_object__for_each_program(program, object)
			bpf_program__set_autoload(program, is_wanted(named(bpf_program__name(program))));
		set_up(object);
		refused[0] = 0;
		status = bpf_object__load(object);
		if (!status)
			return object;
		culprit = named(refused);
		if (!culprit || culprit->refusal) {
			printf("load: %s: %s\n", strerror(-status), last_message);
			exit(1);
		}
		snprintf(culprit->room, sizeof(culprit->room), "refused by the kernel: %s", strerror(-status));
		culprit->refusal = culprit->room;
		printf("# %s: %.400s\n", culprit->name, last_message);
		bpf_object__close(object);
	}
}

static void attach(struct bpf_object *object)
{
	int attached = 0;

	for (int i = 0; i < count; i++) {
		if (!is_wanted(&probes[i]))
			continue;
		if (!bpf_program__attach(bpf_object__find_program_by_name(object, probes[i].name))) {
			snprintf(probes[i].room, sizeof(probes[i].room), "loaded, not attached: %s", strerror(errno));
			probes[i].refusal = probes[i].room;
		}
	}
	for (int i = 0; i < count; i++) {
		const struct probe *probe = &probes[i];
		const char *state = probe->refusal ? probe->refusal : is_spare(probe) ? "a spare" : "attached";

		attached += is_wanted(probe);
		printf("  %s  %s/%s: %s\n", is_wanted(probe) ? "ok" : "--", probe->kind, probe->target, state);
	}
	printf("%d programs attached\n", attached);
}

/* What was asked for, and what came of it. */
static unsigned char asked[2][65536], came[2][65536];
static unsigned long records, wrong, lost, contexts[16], ended_in[16], deferred, waits, irqs, others;
static struct stat file;

static int take(void *context, void *data, size_t size)
{
	const struct probe_io *io = data;
	bool is_write;

	(void)context;
	if (size < sizeof(*io)) {
		others++;
		return 0;
	}
	if (io->kind == PROBE_RECORD_LOST_IO) {
		lost++;
		return 0;
	}
	if (io->inode != file.st_ino) {
		others++;
		return 0;
	}
	is_write = io->facts & PROBE_FACT_WRITE;
	records++;
	contexts[io->complete_context & 15]++;
	ended_in[io->end_context & 15]++;
	deferred += io->queued_ns != 0;
	waits += io->kind != PROBE_RECORD_IO;
	irqs += io->irq != PROBE_NO_IRQ;
	came[is_write][io->offset_bytes / BLOCK % 65536]++;
	wrong += io->length_bytes != BLOCK || io->submitter_tid != (unsigned)getpid() || !io->submitted_ns ||
		 io->completed_ns < io->submitted_ns || (io->ended_ns && io->ended_ns < io->submitted_ns) ||
		 (io->issued_ns && (io->issued_ns < io->submitted_ns || io->issued_ns > io->completed_ns)) ||
		 (io->queued_ns && (io->started_ns < io->queued_ns || io->completed_ns < io->started_ns)) || io->error ||
		 io->issuer != (is_write ? PROBE_ISSUER_LIBAIO : PROBE_ISSUER_SYNC);
	return 0;
}

static struct ring_buffer *install_ring(struct bpf_object *object)
{
	int outer = bpf_object__find_map_fd_by_name(object, "probe_rings");
	int ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "probe_ring", 0, 0, 4 << 20, NULL);
	__u32 first = 0;

	if (ring < 0 || bpf_map_update_elem(outer, &first, &ring, 0)) {
		printf("ring: %s\n", strerror(errno));
		exit(1);
	}
	return ring_buffer__new(ring, take, NULL, NULL);
}

static void do_io(int fd)
{
	unsigned char *buffer = mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	aio_context_t queue = 0;
	struct io_event events[DEPTH];
	unsigned in_flight = 0, next = 0;
	unsigned blocks = file.st_size / BLOCK;

	if (syscall(SYS_io_setup, DEPTH, &queue))
		exit(71);
	while (next < WRITES || in_flight) {
		while (next < WRITES && in_flight < DEPTH) {
			__u64 block = (__u64)next * 7919 % blocks;
			struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = fd, .aio_buf = (__u64)(unsigned long)buffer,
					   .aio_nbytes = BLOCK, .aio_offset = block * BLOCK }, *cbs = &cb;

			asked[1][block % 65536]++;
			if (syscall(SYS_io_submit, queue, 1, &cbs) != 1)
				exit(71);
			next++;
			in_flight++;
		}
		in_flight -= syscall(SYS_io_getevents, queue, 1, DEPTH, events, NULL);
	}
	for (next = 0; next < SYNCHRONOUS; next++) {
		__u64 block = (__u64)next * 104729 % blocks;

		asked[0][block % 65536]++;
		if (pread(fd, buffer, BLOCK, block * BLOCK) != BLOCK)
			exit(71);
	}
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "unseen", "hardirq", "softirq", "kworker", "task", "irq_thread", "ksoftirqd", "io_wq", "idle" };
	struct btf *btf = btf__load_vmlinux_btf();
	struct bpf_object *object;
	struct ring_buffer *ring;
	__u32 key = 0, one = 1;
	int fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 3 || !btf)
		return 64;
	libbpf_set_print(listen_to_libbpf);
	object = load(argv[1], btf);
	ring = install_ring(object);
	fd = open(argv[2], O_RDWR | O_DIRECT);
	if (fd < 0 || fstat(fd, &file))
		return 66;
	attach(object);
	bpf_map_update_elem(bpf_object__find_map_fd_by_name(object, "probe_active"), &key, &one, 0);
	do_io(fd);
	usleep(200000);
	ring_buffer__consume(ring);
	for (int way = 0; way < 2; way++)
		for (int block = 0; block < 65536; block++)
			wrong += asked[way][block] != came[way][block];
	printf("asked: %d writes by libaio, %d synchronous reads; recorded: %lu, lost: %lu, wrong: %lu\n", WRITES, SYNCHRONOUS, records,
	       lost, wrong);
	printf("completed in:");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (contexts[i])
			printf(" %s %lu", names[i], contexts[i]);
	printf("\nend_io in:");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (ended_in[i])
			printf(" %s %lu", names[i], ended_in[i]);
	printf("\ndeferred: %lu; with waits split by who had the CPU: %lu; with the interrupt's number: %lu\n", deferred, waits, irqs);
	return records == WRITES + SYNCHRONOUS && !wrong && !lost ? 0 : 1;
}
