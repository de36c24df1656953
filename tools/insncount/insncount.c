/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * insncount: a QEMU TCG plugin that counts the guest's instructions.
 *
 *	-plugin insncount.so,out=FILE[,mode=tb|inline][,hot=FILE[,grain=insn]]
 *
 * Seconds on a shared machine lie; instructions do not. Kernel and user are
 * told apart by the half of the address space that the instruction stands
 * in, so the same plugin serves any kernel of the higher half. A halted
 * vCPU executes nothing: idle time is left out by construction. The counts
 * are in a file that is mapped shared (insncount.h), so that the host reads
 * them at any moment.
 *
 * mode=tb	a callback for each translation block entered. Safe with
 *		several vCPU threads and split by vCPU. A block that a fault
 *		leaves early counts whole, and once more from the faulting
 *		instruction on: up to 4 % too much where faults are the work.
 * mode=inline	an add for each instruction, part of the translated code:
 *		exact. But QEMU 7.2 knows no counter per vCPU there, so two
 *		running threads lose counts: one vCPU only.
 * hot=FILE	a profile by block address of what runs between the marks
 *		BEGIN and END; meant for mode=inline.
 * grain=insn	the profile is by the address of each kernel instruction.
 *
 * Snapshots: the guest executes a no-op with a magic displacement.
 *
 * A REP string instruction is a block of its own for each iteration, and
 * counts as one instruction an iteration; those are counted apart too.
 *
 * Invariants: I1 a counter of a vCPU is written by its own thread only.
 *	I2 a slot of the profile, once it has an address, keeps it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <qemu-plugin.h>

#include "tools/insncount/insncount.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static struct ic_file *file;
static struct ic_hot *hot_table;
static int is_inline;
static int hot_by_insn;

/* ---- While the guest runs ---- */

static struct ic_vcpu *
vcpu_counters(unsigned int cpu)
{
	return &file->vcpu[cpu & (IC_MAX_VCPU - 1)];
}

/* I1; the store must only not tear. */
static inline void
bump(uint64_t *p, uint64_t by)
{
	__atomic_store_n(p, *p + by, __ATOMIC_RELAXED);
}

static void
on_kernel_block(unsigned int cpu, void *ninsns)
{
	struct ic_vcpu *v = vcpu_counters(cpu);

	bump(&v->n[IC_KINSN], (uintptr_t)ninsns);
	bump(&v->n[IC_KTB], 1);
}

static void
on_user_block(unsigned int cpu, void *ninsns)
{
	struct ic_vcpu *v = vcpu_counters(cpu);

	bump(&v->n[IC_UINSN], (uintptr_t)ninsns);
	bump(&v->n[IC_UTB], 1);
}

static void
on_rep(unsigned int cpu, void *counter)
{
	bump(&vcpu_counters(cpu)->n[(uintptr_t)counter], 1);
}

static void
hot_mark(uintptr_t tag)
{
	struct ic_hot *h;

	for (h = hot_table; h < hot_table + IC_HOT_SLOTS; h++) {
		if (tag == IC_TAG_BEGIN)
			h->at_begin = h->insns;
		else if (tag == IC_TAG_END)
			h->sum += h->insns - h->at_begin;
	}
}

static void
on_mark(unsigned int cpu, void *tag)
{
	uint64_t seq = __atomic_fetch_add(&file->nsnap, 1, __ATOMIC_ACQ_REL);
	struct ic_snap *s = &file->ring[seq & (IC_RING - 1)];
	struct timespec ts;
	unsigned c, k;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	s->tag = (uintptr_t)tag;
	s->vcpu = cpu;
	s->host_ns = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	s->idles = 0;
	memset(s->n, 0, sizeof s->n);
	for (c = 0; c < IC_MAX_VCPU; c++) {
		for (k = 0; k < IC_NCTR; k++)
			s->n[k] += __atomic_load_n(&file->vcpu[c].n[k],
			    __ATOMIC_RELAXED);
		s->idles += file->vcpu[c].idles;
	}
	if (hot_table)
		hot_mark((uintptr_t)tag);
	__atomic_store_n(&s->seq, seq + 1, __ATOMIC_RELEASE);
}

static void
on_idle(qemu_plugin_id_t id, unsigned int cpu)
{
	(void)id;
	bump(&vcpu_counters(cpu)->idles, 1);
}

static void
on_vcpu(qemu_plugin_id_t id, unsigned int cpu)
{
	(void)id;
	if (cpu + 1 > file->nvcpu)
		file->nvcpu = cpu + 1;
}

/* ---- While a block is translated ---- */

/* 66 67 2e 36 3e 26 64 65 and REX: prefixes other than REP. */
static int
is_other_prefix(uint8_t b)
{
	return b == 0x66 || b == 0x67 || b == 0x2e || b == 0x36 ||
	    b == 0x3e || b == 0x26 || b == 0x64 || b == 0x65 ||
	    (b & 0xf0) == 0x40;
}

/* Intel SDM 2B, REP: INS, OUTS, MOVS, CMPS, STOS, LODS, SCAS. */
static int
is_rep_string(const uint8_t *p, size_t len)
{
	int rep = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] == 0xf2 || p[i] == 0xf3)
			rep = 1;
		else if (!is_other_prefix(p[i]))
			return rep && ((p[i] >= 0x6c && p[i] <= 0x6f) ||
			    (p[i] >= 0xa4 && p[i] <= 0xa7) ||
			    (p[i] >= 0xaa && p[i] <= 0xaf));
	}
	return 0;
}

static int
is_mark(const uint8_t *p, size_t len, unsigned *tag)
{
	if (len != 7 || p[0] != 0x0f || p[1] != 0x1f || p[2] != 0x80)
		return 0;
	if ((p[5] | p[6] << 8) != IC_MARK_HI)
		return 0;
	*tag = p[3] | p[4] << 8;
	return 1;
}

/* I2: vCPUs translate in parallel, so a slot is claimed atomically. */
static struct ic_hot *
hot_slot(uint64_t vaddr)
{
	uint32_t i = (uint32_t)((vaddr * 0x9e3779b97f4a7c15ull) >> 46);
	uint32_t tries;

	for (tries = 0; tries < IC_HOT_SLOTS; tries++, i++) {
		struct ic_hot *h = &hot_table[i & (IC_HOT_SLOTS - 1)];
		uint64_t none = 0;

		if (h->vaddr == vaddr)
			return h;
		if (h->vaddr == 0 && __atomic_compare_exchange_n(&h->vaddr,
		    &none, vaddr, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			return h;
		if (none == vaddr)
			return h;
	}
	return NULL;
}

static void
count_insn(struct qemu_plugin_insn *insn, int kernel)
{
	uintptr_t rep = kernel ? IC_KREP : IC_UREP;
	const uint8_t *bytes = qemu_plugin_insn_data(insn);
	size_t len = qemu_plugin_insn_size(insn);
	unsigned tag;

	struct ic_hot *h;

	if (is_inline)
		qemu_plugin_register_vcpu_insn_exec_inline(insn,
		    QEMU_PLUGIN_INLINE_ADD_U64,
		    &file->vcpu[0].n[kernel ? IC_KINSN : IC_UINSN], 1);
	h = kernel && hot_by_insn ?
	    hot_slot(qemu_plugin_insn_vaddr(insn)) : NULL;
	if (h)
		qemu_plugin_register_vcpu_insn_exec_inline(insn,
		    QEMU_PLUGIN_INLINE_ADD_U64, &h->insns, 1);
	if (is_rep_string(bytes, len) && is_inline)
		qemu_plugin_register_vcpu_insn_exec_inline(insn,
		    QEMU_PLUGIN_INLINE_ADD_U64, &file->vcpu[0].n[rep], 1);
	else if (is_rep_string(bytes, len))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_rep,
		    QEMU_PLUGIN_CB_NO_REGS, (void *)rep);
	else if (is_mark(bytes, len, &tag))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark,
		    QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)tag);
}

static void
on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t vaddr = qemu_plugin_tb_vaddr(tb);
	size_t n = qemu_plugin_tb_n_insns(tb), i;
	int kernel = vaddr >> 63;
	struct ic_hot *h;

	(void)id;
	if (is_inline)
		qemu_plugin_register_vcpu_tb_exec_inline(tb,
		    QEMU_PLUGIN_INLINE_ADD_U64,
		    &file->vcpu[0].n[kernel ? IC_KTB : IC_UTB], 1);
	else
		qemu_plugin_register_vcpu_tb_exec_cb(tb,
		    kernel ? on_kernel_block : on_user_block,
		    QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)n);
	h = hot_table && !hot_by_insn ? hot_slot(vaddr) : NULL;
	if (h)
		qemu_plugin_register_vcpu_tb_exec_inline(tb,
		    QEMU_PLUGIN_INLINE_ADD_U64, &h->insns, n);
	for (i = 0; i < n; i++)
		count_insn(qemu_plugin_tb_get_insn(tb, i), kernel);
}

/* ---- At the start ---- */

static void *
file_map(const char *name, size_t size)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	void *p = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, size) == 0)
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	if (p == MAP_FAILED)
		fprintf(stderr, "insncount: %s: %s\n", name,
		    strerror(errno));
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

QEMU_PLUGIN_EXPORT int
qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
    char **argv)
{
	const char *out = NULL, *hot = NULL;
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			out = argv[i] + 4;
		else if (!strncmp(argv[i], "hot=", 4))
			hot = argv[i] + 4;
		else if (!strcmp(argv[i], "mode=inline"))
			is_inline = 1;
		else if (!strcmp(argv[i], "grain=insn"))
			hot_by_insn = 1;
		else if (strcmp(argv[i], "mode=tb")) {
			fprintf(stderr, "insncount: what is %s?\n", argv[i]);
			return -1;
		}
	}
	if (!out) {
		fprintf(stderr, "insncount: out=FILE is needed\n");
		return -1;
	}
	file = file_map(out, sizeof *file);
	if (hot)
		hot_table = file_map(hot, IC_HOT_SLOTS * sizeof *hot_table);
	hot_by_insn &= hot_table != NULL;
	if (!file || (hot && !hot_table))
		return -1;
	file->nctr = IC_NCTR;
	file->is_inline = is_inline;
	file->magic = IC_MAGIC;
	qemu_plugin_register_vcpu_init_cb(id, on_vcpu);
	qemu_plugin_register_vcpu_idle_cb(id, on_idle);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
