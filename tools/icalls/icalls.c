/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * icalls: a QEMU TCG plugin that records the kernel's indirect calls and jumps.
 *
 *	-plugin icalls.so,out=FILE[,gate=HEX-HEX]...
 *
 * At the guest's exit FILE has a line for each pair that happened,
 *
 *	call|jump SITE TARGET		(addresses in hex: of the instruction,
 *					of what ran next)
 *
 * and a last line "end PAIRS INTERRUPTED"; without it the file is not whole.
 *
 * The translator ends a block at an indirect branch. So the branch, when it is
 * executed, notes itself for its CPU, and the next block of the kernel which
 * that CPU enters is the target. Plugins of QEMU 7.2 see no registers, and need
 * none for this.
 *
 * What may come between: an interrupt before the target's first instruction,
 * or a fault of the branch itself. Then the next block is a gate, where the CPU
 * enters the kernel; what was noted is forgotten, and counted (INTERRUPTED).
 * The gates are told by gate=, the end excluded. A branch in user mode is
 * forgotten for the same reason: user code enters the kernel at gates only.
 * The branches of boot code that runs at low addresses are seen, as they lead
 * up into the kernel.
 *
 * Invariants: I1 noted[cpu] is touched by that CPU's own thread only.
 *	I2 a slot of the table, once it has a pair, keeps it.
 *	I3 a pair is 32 bits of each address: low ones (boot, below 2 GiB) and
 *	   the last 2 GiB, where the kernel is linked, never look alike.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qemu-plugin.h>

#define MAX_VCPU	256
#define MAX_GATES	16
#define SLOTS		(1u << 16)

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

enum { OTHER, CALL, JUMP };

struct slot {
	uint64_t	pair;		/* I2, I3: site, target; 0: free */
	uint32_t	kind;
};

struct noted {
	uint64_t	site;		/* 0: none */
	uint32_t	kind;
	uint64_t	interrupted;
	char		pad[40];	/* a cache line for each */
};

static const char *out_name;
static struct slot table[SLOTS];
static uint32_t npairs, nlost;
static struct noted noted[MAX_VCPU];		/* I1 */
static struct gate {
	uint64_t	begin, end;
} gates[MAX_GATES];
static int ngates;

/* ---- While the guest runs ---- */

static int
is_gate(uint64_t vaddr)
{
	int i;

	for (i = 0; i < ngates; i++)
		if (vaddr >= gates[i].begin && vaddr < gates[i].end)
			return 1;
	return 0;
}

/* I2: CPUs record in parallel, so a slot is claimed atomically. */
static void
record(uint64_t site, uint64_t target, uint32_t kind)
{
	uint64_t pair = site << 32 | (uint32_t)target;
	uint32_t i = (uint32_t)((pair * 0x9e3779b97f4a7c15ull) >> 48), tries;

	for (tries = 0; tries < SLOTS; tries++, i++) {
		struct slot *s = &table[i & (SLOTS - 1)];
		uint64_t was = __atomic_load_n(&s->pair, __ATOMIC_ACQUIRE);

		if (was == 0 && __atomic_compare_exchange_n(&s->pair, &was,
		    pair, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			s->kind = kind;
			__atomic_fetch_add(&npairs, 1, __ATOMIC_RELAXED);
			return;
		}
		if (was == pair)
			return;
	}
	__atomic_fetch_add(&nlost, 1, __ATOMIC_RELAXED);
}

static void
on_call(unsigned int cpu, void *site)
{
	noted[cpu & (MAX_VCPU - 1)].site = (uintptr_t)site;
	noted[cpu & (MAX_VCPU - 1)].kind = CALL;
}

static void
on_jump(unsigned int cpu, void *site)
{
	noted[cpu & (MAX_VCPU - 1)].site = (uintptr_t)site;
	noted[cpu & (MAX_VCPU - 1)].kind = JUMP;
}

static void
on_kernel_block(unsigned int cpu, void *vaddr)
{
	struct noted *n = &noted[cpu & (MAX_VCPU - 1)];

	if (n->site == 0)
		return;
	record(n->site, (uintptr_t)vaddr, n->kind);
	n->site = 0;
}

static void
on_gate(unsigned int cpu, void *unused)
{
	struct noted *n = &noted[cpu & (MAX_VCPU - 1)];

	(void)unused;
	n->interrupted += n->site >> 63;
	n->site = 0;
}

/* ---- While a block is translated ---- */

/* Intel SDM 2A 2.1.1: segments, operand and address size, BND, NOTRACK; and
 * in 64-bit code REX, which in older modes would be INC and DEC: there no block
 * ends in an instruction of these and FF. */
static int
is_prefix(uint8_t b)
{
	return b == 0x26 || b == 0x2e || b == 0x36 || b == 0x3e ||
	    b == 0x64 || b == 0x65 || b == 0x66 || b == 0x67 ||
	    b == 0xf2 || (b & 0xf0) == 0x40;
}

/* SDM 2A, CALL and JMP: FF /2 and /3, FF /4 and /5. */
static int
branch_of(struct qemu_plugin_insn *insn)
{
	static const uint8_t kind_of[8] = {
		[2] = CALL, [3] = CALL, [4] = JUMP, [5] = JUMP,
	};
	const uint8_t *p = qemu_plugin_insn_data(insn);
	size_t len = qemu_plugin_insn_size(insn), i = 0;

	while (i < len && is_prefix(p[i]))
		i++;
	if (i + 1 >= len || p[i] != 0xff)
		return OTHER;
	return kind_of[p[i + 1] >> 3 & 7];
}

static void
on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t vaddr = qemu_plugin_tb_vaddr(tb);
	struct qemu_plugin_insn *last =
	    qemu_plugin_tb_get_insn(tb, qemu_plugin_tb_n_insns(tb) - 1);
	int branch = branch_of(last);

	(void)id;
	if (is_gate(vaddr))
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_gate,
		    QEMU_PLUGIN_CB_NO_REGS, NULL);
	else if (vaddr >> 63)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_kernel_block,
		    QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)vaddr);
	if (branch != OTHER)
		qemu_plugin_register_vcpu_insn_exec_cb(last,
		    branch == CALL ? on_call : on_jump, QEMU_PLUGIN_CB_NO_REGS,
		    (void *)(uintptr_t)qemu_plugin_insn_vaddr(last));
}

/* ---- At the start and at the end ---- */

/* I3, undone. */
static uint64_t
address(uint32_t half)
{
	return (uint64_t)(int64_t)(int32_t)half;
}

static void
on_exit_write(qemu_plugin_id_t id, void *unused)
{
	FILE *out = fopen(out_name, "w");
	uint64_t interrupted = 0;
	uint32_t i;

	(void)id;
	(void)unused;
	if (out == NULL) {
		fprintf(stderr, "icalls: %s: %s\n", out_name, strerror(errno));
		return;
	}
	for (i = 0; i < SLOTS; i++)
		if (table[i].pair != 0)
			fprintf(out, "%s %016" PRIx64 " %016" PRIx64 "\n",
			    table[i].kind == CALL ? "call" : "jump",
			    address(table[i].pair >> 32),
			    address((uint32_t)table[i].pair));
	for (i = 0; i < MAX_VCPU; i++)
		interrupted += noted[i].interrupted;
	if (nlost == 0)
		fprintf(out, "end %u %" PRIu64 "\n", npairs, interrupted);
	else
		fprintf(stderr, "icalls: more than %u pairs\n", SLOTS);
	if (fclose(out) != 0)
		fprintf(stderr, "icalls: %s: %s\n", out_name, strerror(errno));
}

static int
add_gate(const char *range)
{
	char *end;

	if (ngates == MAX_GATES)
		return 0;
	gates[ngates].begin = strtoull(range, &end, 16);
	if (*end++ != '-')
		return 0;
	gates[ngates++].end = strtoull(end, &end, 16);
	return *end == '\0';
}

QEMU_PLUGIN_EXPORT int
qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
    char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (strncmp(argv[i], "out=", 4) == 0)
			out_name = strdup(argv[i] + 4);
		else if (strncmp(argv[i], "gate=", 5) != 0 ||
		    !add_gate(argv[i] + 5)) {
			fprintf(stderr, "icalls: what is %s?\n", argv[i]);
			return -1;
		}
	}
	if (out_name == NULL) {
		fprintf(stderr, "icalls: out=FILE is needed\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	qemu_plugin_register_atexit_cb(id, on_exit_write, NULL);
	return 0;
}
