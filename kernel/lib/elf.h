/*
 * Validation of ELF64 executables for x86-64: pure functions over bytes that
 * the caller has read.
 *
 * What elf_parse accepts can be mapped without a further check: segments are
 * sorted by address, no two share a page, all lie below ELF_USER_TOP, their
 * file parts lie inside the file, and file offset and address agree modulo the
 * page size.
 */
#pragma once

#include "kernel/lib/types.h"

#define ELF_USER_TOP		0x7ffffffff000ul
#define ELF_MAX_PHDRS		64
#define ELF_MAX_LOADS		32
#define ELF_INTERP_MAX		4096

/* One PT_LOAD; addresses as in the file (add the load bias for ET_DYN). */
struct elf_load {
	u64 vaddr;
	u64 mem_bytes;			/* never 0 */
	u64 file_offset;
	u64 file_bytes;			/* <= mem_bytes; may be 0 */
	u32 flags;			/* PF_R, PF_W, PF_X */
};

enum elf_stack {
	ELF_STACK_DEFAULT,		/* no PT_GNU_STACK */
	ELF_STACK_NOEXEC,
	ELF_STACK_EXEC,
};

struct elf_info {
	u16 type;			/* ET_EXEC or ET_DYN */
	u64 entry;
	u64 phdr_offset;		/* in the file */
	u16 phdr_count;
	u64 phdr_vaddr;			/* for AT_PHDR; 0 if in no segment */
	u32 nloads;
	struct elf_load load[ELF_MAX_LOADS];
	u64 low, high;			/* page-aligned span of all segments */
	u64 max_align;			/* largest p_align, at least a page */
	u64 brk_start;			/* end of the highest segment */
	u64 interp_offset;		/* path of PT_INTERP in the file */
	u32 interp_bytes;		/* with its NUL; 0 if there is none */
	enum elf_stack stack;
	u64 need_bytes;			/* where the program headers end */
};

/*
 * Check the headers of a file of file_size bytes whose first head_len bytes
 * stand at head. Returns 0; -EAGAIN if the program headers end past head_len
 * (read them and go on with elf_parse_phdrs); -ENOEXEC if it is no executable
 * for x86-64; -EINVAL if it is one but malformed.
 */
int	elf_parse(const void *head, usize head_len, u64 file_size,
	    struct elf_info *out);

/*
 * The same in two steps, for program headers far from the start: elf_parse_head
 * takes the first 64 bytes and fills type, entry and phdr_*; then
 * elf_parse_phdrs takes the phdr_count * 56 bytes read at phdr_offset.
 */
int	elf_parse_head(const void *head, usize head_len, u64 file_size,
	    struct elf_info *out);
int	elf_parse_phdrs(const void *phdrs, usize len, u64 file_size,
	    struct elf_info *out);
