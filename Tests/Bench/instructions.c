// SPDX-License-Identifier: GPL-2.0-only
// A plugin of QEMU's translator that counts what the guest executes: how often each block of code, and so how many
// instructions, between the marks that the guest sets. One CPU only: the counters are plain additions.
//
// Debian ships no header of this interface, so what is used of it (version 1, qemu.org: docs/devel/tcg-plugins.rst) is
// declared here.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { ADD_U64 = 0, NO_REGISTERS = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*)(uint64_t id, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int operation, void *, uint64_t operand);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, void (*)(unsigned int cpu, void *),
						   int registers, void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t index);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int qemu_plugin_version = 1;

// A long no-operation that no compiler writes: nopl 0x5ca1ab1e(%rax,%rax). The program `mark` of the guest has it.
static const unsigned char mark[] = { 0x0f, 0x1f, 0x84, 0x00, 0x1e, 0xab, 0xa1, 0x5c };

// A block of code. Blocks that are translated again, or by another process at the same address, share one.
struct block {
	uint64_t address, instructions, runs, reported;
	struct block *next;
};

enum { BUCKETS = 1 << 16 };
static struct block *blocks[BUCKETS];
static FILE *out;

static struct block *block_at(uint64_t address, uint64_t instructions)
{
	struct block **bucket = &blocks[(address ^ address >> 16 ^ instructions << 9) % BUCKETS];

	for (struct block *at = *bucket; at; at = at->next)
		if (at->address == address && at->instructions == instructions)
			return at;
	struct block *made = calloc(1, sizeof(*made));
	if (!made)
		abort();
	made->address = address;
	made->instructions = instructions;
	made->next = *bucket;
	return *bucket = made;
}

// What ran since the last mark: "address instructions runs" for each block, in hexadecimal, and a line "mark".
static void report(unsigned int cpu, void *data)
{
	for (size_t bucket = 0; bucket < BUCKETS; bucket++)
		for (struct block *at = blocks[bucket]; at; at = at->next)
			if (at->runs != at->reported) {
				fprintf(out, "%" PRIx64 " %" PRIx64 " %" PRIx64 "\n", at->address, at->instructions,
					at->runs - at->reported);
				at->reported = at->runs;
			}
	fputs("mark\n", out);
	fflush(out);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	struct block *block = block_at(qemu_plugin_tb_vaddr(tb), count);

	qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_U64, &block->runs, 1);
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (qemu_plugin_insn_size(insn) == sizeof(mark) &&
		    !memcmp(qemu_plugin_insn_data(insn), mark, sizeof(mark)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, report, NO_REGISTERS, NULL);
	}
}

EXPORTED int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4) || !(out = fopen(argv[0] + 4, "w"))) {
		fputs("instructions: out=FILE is missing, or cannot be written\n", stderr);
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
