/*
 * Validation of executables.
 */
#include "tests/unit/unit.h"

#include "kernel/abi/elf.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/elf.h"
#include "tests/unit/samples.h"

static struct sample s;
static struct elf_info info;

static struct lx_elf64_ehdr *
head(void)
{
	return (struct lx_elf64_ehdr *)s.data;
}

static struct lx_elf64_phdr *
segment(int i)
{
	return (struct lx_elf64_phdr *)(s.data + 64) + i;
}

static int
parse(void)
{
	return elf_parse(s.data, s.len, s.len, &info);
}

static void
test_good(void)
{
	sample_elf(&s);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.type, ET_EXEC);
	CHECK_EQ(info.entry, 0x401000);
	CHECK_EQ(info.phdr_vaddr, 0x400040);
	CHECK_EQ(info.nloads, 3);
	CHECK_EQ(info.load[2].mem_bytes, 0x2000);
	CHECK_EQ(info.low, 0x400000);
	CHECK_EQ(info.high, 0x406000);
	CHECK_EQ(info.brk_start, 0x405f00);
	CHECK_EQ(info.interp_bytes, 28);
	CHECK_EQ(info.stack, ELF_STACK_NOEXEC);
	CHECK_EQ(info.max_align, 4096);
}

/* Out of order in the file, empty, and at the very edges: all legal. */
static void
test_edges(void)
{
	struct lx_elf64_phdr t;

	sample_elf(&s);
	t = *segment(0);
	*segment(0) = *segment(2);
	*segment(2) = t;
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.load[0].vaddr, 0x400000);
	CHECK_EQ(info.load[2].vaddr, 0x403f00);
	sample_elf(&s);
	segment(1)->p_filesz = segment(1)->p_memsz = 0;
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.nloads, 2);
	sample_elf(&s);
	segment(2)->p_filesz = 0;		/* pure bss at a page edge */
	segment(2)->p_vaddr = 0x403000;
	segment(2)->p_offset = ~0ul;
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.load[2].file_bytes, 0);
	CHECK_EQ(info.load[2].file_offset, 0);
	sample_elf(&s);
	segment(2)->p_memsz = ELF_USER_TOP - segment(2)->p_vaddr;
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.brk_start, ELF_USER_TOP);
}

static void
test_bad_head(void)
{
	sample_elf(&s);
	CHECK_EQ(elf_parse(s.data, 63, s.len, &info), -ENOEXEC);
	CHECK_EQ(elf_parse(s.data, 64, s.len, &info), -EAGAIN);
	CHECK_EQ(elf_parse_phdrs(s.data + 64, 6 * 56, s.len, &info), 0);
	head()->e_ident[4] = 1;
	CHECK_EQ(parse(), -ENOEXEC);
	sample_elf(&s);
	head()->e_machine = 3;
	CHECK_EQ(parse(), -ENOEXEC);
	sample_elf(&s);
	head()->e_phnum = 65;
	CHECK_EQ(parse(), -ENOEXEC);
	head()->e_phnum = 0;
	CHECK_EQ(parse(), -ENOEXEC);
	sample_elf(&s);
	head()->e_phoff = ~0ul - 8;
	CHECK_EQ(parse(), -EINVAL);
	sample_elf(&s);
	head()->e_entry = ELF_USER_TOP;
	CHECK_EQ(parse(), -EINVAL);
}

static void
test_bad_segments(void)
{
	sample_elf(&s);
	segment(1)->p_filesz++;
	CHECK_EQ(parse(), -EINVAL);		/* filesz > memsz */
	sample_elf(&s);
	segment(1)->p_vaddr = 0x400000;
	CHECK_EQ(parse(), -EINVAL);		/* overlap */
	sample_elf(&s);
	segment(1)->p_vaddr += 8;
	CHECK_EQ(parse(), -EINVAL);		/* not congruent */
	sample_elf(&s);
	segment(2)->p_memsz = ~0ul - 0x1000;
	CHECK_EQ(parse(), -EINVAL);		/* wraps */
	sample_elf(&s);
	segment(2)->p_vaddr = 0xffffffff80003f00ul;
	CHECK_EQ(parse(), -EINVAL);		/* kernel half */
	sample_elf(&s);
	segment(2)->p_offset = s.len + PAGE_SIZE;
	CHECK_EQ(parse(), -EINVAL);		/* past the file */
	sample_elf(&s);
	segment(3)->p_filesz = 1;
	CHECK_EQ(parse(), -ENOEXEC);
	sample_elf(&s);
	segment(3)->p_offset = ~0ul;
	CHECK_EQ(parse(), -EINVAL);
	sample_elf(&s);
	for (int i = 0; i < 3; i++)
		segment(i)->p_type = PT_NOTE;
	CHECK_EQ(parse(), -EINVAL);		/* nothing to load */
}

UNIT_MAIN("elf", { "good", test_good }, { "edges", test_edges },
    { "bad_head", test_bad_head }, { "bad_segments", test_bad_segments })
