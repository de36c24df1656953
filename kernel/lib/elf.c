/*
 * Validation of ELF64 executables.
 *
 * Numbers from the file are attacked, so each sum is done by an overflow
 * builtin or rearranged into a difference that cannot wrap. The checks follow
 * the System V ABI, chapter 5, and what execve(2) answers on Linux: -ENOEXEC
 * means "perhaps another format", so that a shell may try the file as a script;
 * a file that is ELF but wrong gets -EINVAL.
 */
#include "kernel/lib/elf.h"
#include "kernel/abi/elf.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

#define ALIGN_MAX		BIT(30)	/* larger p_align is not honoured */

int
elf_parse_head(const void *head, usize head_len, u64 file_size,
    struct elf_info *out)
{
	static const u8 ident[] = {
		0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT,
	};
	struct lx_elf64_ehdr eh;
	u64 phdr_end;

	memset(out, 0, sizeof(*out));
	if (head_len < sizeof(eh) || file_size < sizeof(eh))
		return -ENOEXEC;
	memcpy(&eh, head, sizeof(eh));
	if (memcmp(eh.e_ident, ident, sizeof(ident)) != 0 ||
	    (eh.e_type != ET_EXEC && eh.e_type != ET_DYN) ||
	    eh.e_machine != EM_X86_64 || eh.e_version != EV_CURRENT ||
	    eh.e_phentsize != sizeof(struct lx_elf64_phdr) ||
	    eh.e_phnum == 0 || eh.e_phnum > ELF_MAX_PHDRS)
		return -ENOEXEC;
	if (__builtin_add_overflow(eh.e_phoff,
	    (u64)eh.e_phnum * sizeof(struct lx_elf64_phdr), &phdr_end) ||
	    phdr_end > file_size)
		return -EINVAL;
	if (eh.e_entry >= ELF_USER_TOP)
		return -EINVAL;
	out->type = eh.e_type;
	out->entry = eh.e_entry;
	out->phdr_offset = eh.e_phoff;
	out->phdr_count = eh.e_phnum;
	out->need_bytes = phdr_end;
	return 0;
}

/* Put a checked segment in its place by address; they mostly come in order. */
static int
add_load(struct elf_info *out, struct elf_load seg)
{
	u32 i = out->nloads;

	if (i == ELF_MAX_LOADS)
		return -ENOEXEC;
	for (; i > 0 && out->load[i - 1].vaddr > seg.vaddr; i--)
		out->load[i] = out->load[i - 1];
	out->load[i] = seg;
	out->nloads++;
	return 0;
}

/* One PT_LOAD. An empty one is legal and means nothing. */
static int
check_load(const struct lx_elf64_phdr *ph, u64 file_size,
    struct elf_info *out)
{
	if (ph->p_filesz > ph->p_memsz)
		return -EINVAL;
	if (ph->p_memsz == 0)
		return 0;
	if (ph->p_vaddr >= ELF_USER_TOP ||
	    ph->p_memsz > ELF_USER_TOP - ph->p_vaddr)
		return -EINVAL;
	if (ph->p_filesz && (ph->p_offset > file_size ||
	    ph->p_filesz > file_size - ph->p_offset))
		return -EINVAL;
	if (ph->p_filesz && ((ph->p_vaddr ^ ph->p_offset) & PAGE_MASK))
		return -EINVAL;
	if ((ph->p_align & (ph->p_align - 1)) == 0 &&
	    ph->p_align > out->max_align && ph->p_align <= ALIGN_MAX)
		out->max_align = ph->p_align;
	return add_load(out, (struct elf_load){
		.vaddr = ph->p_vaddr, .mem_bytes = ph->p_memsz,
		.file_offset = ph->p_filesz ? ph->p_offset : 0,
		.file_bytes = ph->p_filesz,
		.flags = ph->p_flags & (PF_R | PF_W | PF_X),
	});
}

static int
check_interp(const struct lx_elf64_phdr *ph, u64 file_size,
    struct elf_info *out)
{
	/* A second one is ignored, as Linux does. */
	if (out->interp_bytes)
		return 0;
	if (ph->p_filesz < 2 || ph->p_filesz > ELF_INTERP_MAX)
		return -ENOEXEC;
	if (ph->p_offset > file_size || ph->p_filesz > file_size - ph->p_offset)
		return -EINVAL;
	out->interp_offset = ph->p_offset;
	out->interp_bytes = (u32)ph->p_filesz;
	return 0;
}

/* Check the segments against each other, and derive what depends on all. */
static int
finish(struct elf_info *out)
{
	u64 phdrs_bytes = out->phdr_count * sizeof(struct lx_elf64_phdr);
	const struct elf_load *seg;
	u64 end = 0;

	if (out->nloads == 0)
		return -EINVAL;
	for (u32 i = 0; i < out->nloads; i++) {
		seg = &out->load[i];
		/* Sorted by address: only the one before can be in the way. */
		if (i && PAGE_DOWN(seg->vaddr) < PAGE_UP(end))
			return -EINVAL;
		end = seg->vaddr + seg->mem_bytes;
		if (!out->phdr_vaddr && out->phdr_offset >= seg->file_offset &&
		    out->phdr_offset - seg->file_offset <= seg->file_bytes &&
		    phdrs_bytes <= seg->file_bytes -
		    (out->phdr_offset - seg->file_offset))
			out->phdr_vaddr = seg->vaddr +
			    (out->phdr_offset - seg->file_offset);
	}
	out->low = PAGE_DOWN(out->load[0].vaddr);
	out->high = PAGE_UP(end);
	out->brk_start = end;
	return 0;
}

int
elf_parse_phdrs(const void *phdrs, usize len, u64 file_size,
    struct elf_info *out)
{
	const u8 *p = phdrs;
	struct lx_elf64_phdr ph;
	int err;

	if (out->phdr_count > ELF_MAX_PHDRS ||
	    len < out->phdr_count * sizeof(ph))
		return -ENOEXEC;
	out->max_align = PAGE_SIZE;
	for (u32 i = 0; i < out->phdr_count; i++) {
		memcpy(&ph, p + i * sizeof(ph), sizeof(ph));
		err = 0;
		if (ph.p_type == PT_LOAD)
			err = check_load(&ph, file_size, out);
		else if (ph.p_type == PT_INTERP)
			err = check_interp(&ph, file_size, out);
		else if (ph.p_type == PT_GNU_STACK)
			out->stack = ph.p_flags & PF_X ? ELF_STACK_EXEC :
			    ELF_STACK_NOEXEC;
		if (err)
			return err;
	}
	return finish(out);
}

int
elf_parse(const void *head, usize head_len, u64 file_size,
    struct elf_info *out)
{
	int err;

	err = elf_parse_head(head, head_len, file_size, out);
	if (err)
		return err;
	if (out->need_bytes > head_len)
		return -EAGAIN;
	return elf_parse_phdrs((const u8 *)head + out->phdr_offset,
	    head_len - out->phdr_offset, file_size, out);
}
