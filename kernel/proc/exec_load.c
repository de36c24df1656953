/*
 * exec: finding the program and mapping it.
 *
 * A file that begins with #! is run by the program named there, at most four
 * deep. An ELF file's segments are mapped from the page cache, copy-on-write;
 * what follows the file's part of a segment is zero: the rest of its last page
 * by writing zeros to a private copy, the pages after it as anonymous memory.
 * elf_parse() (kernel/lib) has checked all that the mapping relies on.
 */
#include "fs/vfs/vfs.h"
#include "kernel/abi/auxv.h"
#include "kernel/abi/elf.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mman.h"
#include "kernel/dev/random.h"
#include "kernel/file/file.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/proc/exec_priv.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/paging.h"

#define EXEC_HEAD_BYTES	1024	/* holds the headers of ordinary programs */
#define PIE_BASE	0x555555554000ul	/* two thirds of user space */
#define PIE_RANDOM_PAGES 0xffffffful		/* 28 bits, as Linux */

static BOUND_ROW(exec_open);		/* a walk, a file */

static const char *
skip_blanks(const char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* Cut the line at its end; false if the interpreter's name was cut by it. */
static bool
script_line_end(char *line, usize len)
{
	char *end = memchr(line, '\n', len);
	const char *name;

	if (end == NULL) {
		line[len] = '\0';
		name = skip_blanks(line + 2);
		end = line + len;
		if (len == EXEC_SCRIPT_LINE - 1 &&
		    strchr(name, ' ') == NULL && strchr(name, '\t') == NULL)
			return false;
	}
	*end = '\0';
	while (end > line + 2 && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return true;
}

/* e->path's or the previous line's program is a script: who runs it? */
static int
script_follow(struct exec *e, const char *path, usize len,
    const char **interpreter)
{
	char *line, *name, *arg;
	u32 n = 0, keep;

	if (e->nlines == EXEC_SCRIPT_LEVELS)
		return -ELOOP;
	line = e->lines[e->nlines++];
	len = MIN(len, (usize)EXEC_SCRIPT_LINE - 1);
	memcpy(line, e->page, len);
	if (!script_line_end(line, len))
		return -ENOEXEC;
	name = (char *)skip_blanks(line + 2);
	if (*name == '\0')
		return -ENOEXEC;
	for (arg = name; *arg != '\0' && *arg != ' ' && *arg != '\t'; arg++)
		;
	if (*arg != '\0') {
		*arg++ = '\0';
		arg = (char *)skip_blanks(arg);
	}
	/* name [arg] path instead of what stood first. */
	keep = e->nprefix == 0 ? 0 : e->nprefix - 1;
	n = *arg != '\0' ? 3 : 2;
	memmove(&e->prefix[n], &e->prefix[1], keep * sizeof(e->prefix[0]));
	e->prefix[0] = name;
	if (n == 3)
		e->prefix[1] = arg;
	e->prefix[n - 1] = path;
	e->nprefix = n + keep;
	*interpreter = name;
	return 0;
}

static int
exec_parse(struct exec *e, struct file *f, usize len, struct elf_info *out)
{
	u64 size = (u64)f->inode->size;
	usize bytes;
	isize got;
	int error = elf_parse(e->page, len, size, out);

	if (error != -EAGAIN)
		return error;
	error = elf_parse_head(e->page, len, size, out);
	if (error != 0)
		return error;
	bytes = out->phdr_count * sizeof(struct lx_elf64_phdr);
	if (bytes > PAGE_SIZE)
		return -ENOEXEC;
	got = vfs_read_kernel(f, e->page, bytes, (s64)out->phdr_offset);
	if (got < 0)
		return (int)got;
	return elf_parse_phdrs(e->page, (usize)got, size, out);
}

static int
exec_open_interp(struct exec *e)
{
	usize len = e->elf.interp_bytes;
	isize got;
	int error;

	if (len == 0)
		return 0;
	if (len > PAGE_SIZE)
		return -ENOEXEC;
	got = vfs_read_kernel(e->file, e->tmp, len, (s64)e->elf.interp_offset);
	if (got != (isize)len || e->tmp[len - 1] != '\0')
		return got < 0 ? (int)got : -ENOEXEC;
	error = reserve_row(&bound_exec_open);
	if (error != 0)
		return error;
	error = vfs_open_exec((char *)e->tmp, &e->interp);
	if (error != 0)
		return error;
	got = vfs_read_kernel(e->interp, e->page, EXEC_HEAD_BYTES, 0);
	if (got < 0)
		return (int)got;
	error = exec_parse(e, e->interp, (usize)got, &e->interp_elf);
	if (error == 0 && e->interp_elf.interp_bytes != 0)
		error = -ELIBBAD;
	return error == -ENOEXEC ? -ELIBBAD : error;
}

int
exec_open(struct exec *e)
{
	const char *path = e->path->shown;
	isize got;
	int error = reserve_row(&bound_exec_open);

	if (error != 0)
		return error;
	error = vfs_open_exec_at(e->path->dirfd, e->path->name,
	    e->path->walk_flags, &e->file);
	for (;;) {
		if (error != 0)
			return error;
		got = vfs_read_kernel(e->file, e->page, EXEC_HEAD_BYTES, 0);
		if (got < 0)
			return (int)got;
		if (got < 2 || e->page[0] != '#' || e->page[1] != '!')
			break;
		error = script_follow(e, path, (usize)got, &path);
		if (error != 0)
			return error;
		file_put(e->file);
		e->file = NULL;
		error = reserve_row(&bound_exec_open);
		if (error != 0)
			return error;
		error = vfs_open_exec(path, &e->file);
	}
	error = exec_parse(e, e->file, (usize)got, &e->elf);
	return error != 0 ? error : exec_open_interp(e);
}

static u32
segment_prot(u32 flags)
{
	return (flags & PF_R ? PROT_READ : 0) |
	    (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

static int
map_at(struct aspace *as, u64 at, u64 len, u32 prot, struct pager *pager,
    u64 pgoff)
{
	u32 flags = MAP_PRIVATE | MAP_FIXED;
	long got;

	if (pager == NULL)
		flags |= MAP_ANONYMOUS;
	got = vm_map(as, at, len, prot, flags, pager, pgoff,
	    PROT_READ | PROT_WRITE | PROT_EXEC);
	return got < 0 ? (int)got : 0;
}

static int
map_segment(struct aspace *as, const struct elf_load *l, u64 bias,
    struct pager *pager)
{
	u64 at = l->vaddr + bias, page = PAGE_DOWN(at);
	u64 file_end = at + l->file_bytes, mem_end = at + l->mem_bytes;
	u32 prot = segment_prot(l->flags);
	u64 zero_from = page;
	int error;

	if (l->file_bytes != 0) {
		zero_from = PAGE_UP(file_end);
		error = map_at(as, page, zero_from - page, prot, pager,
		    (l->file_offset - (at - page)) >> PAGE_SHIFT);
		if (error != 0)
			return error;
		if (mem_end > file_end && zero_from > file_end &&
		    prot & PROT_WRITE) {
			error = vm_poke(as, file_end, NULL,
			    zero_from - file_end);
			if (error != 0)
				return error;
		}
	}
	if (PAGE_UP(mem_end) <= zero_from)
		return 0;
	return map_at(as, zero_from, PAGE_UP(mem_end) - zero_from, prot, NULL,
	    0);
}

static int
map_image(struct aspace *as, struct file *f, const struct elf_info *elf,
    u64 bias)
{
	struct pager *pager;
	int error;

	if (f->ops->mmap == NULL)
		return -ENOEXEC;
	error = f->ops->mmap(f, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE, &pager);
	if (error != 0)
		return error;
	for (u32 i = 0; i < elf->nloads && error == 0; i++) {
		error = reserve_renew();
		if (error == 0)
			error = map_segment(as, &elf->load[i], bias, pager);
	}
	pager->ops->put(pager);
	return error;
}

static u64
pie_bias(const struct elf_info *elf, u64 random)
{
	u64 at = PIE_BASE + ((random & PIE_RANDOM_PAGES) << PAGE_SHIFT);

	return ROUND_DOWN(at, elf->max_align) -
	    ROUND_DOWN(elf->low, elf->max_align);
}

/* The interpreter goes into the mmap area. */
static int
map_interp(struct exec *e)
{
	const struct elf_info *elf = &e->interp_elf;
	u64 span = elf->high - elf->low + elf->max_align;
	long at;
	int error;

	if (e->interp == NULL)
		return 0;
	if (elf->type == ET_EXEC)
		return -ELIBBAD;
	at = vm_map(e->as, 0, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
	    NULL, 0, PROT_READ | PROT_WRITE | PROT_EXEC);
	if (at < 0)
		return (int)at;
	error = vm_unmap(e->as, (u64)at, span);
	if (error != 0)
		return error;
	e->interp_base = ROUND_UP((u64)at, elf->max_align) - elf->low;
	e->first_rip = e->interp_base + elf->entry;
	return map_image(e->as, e->interp, elf, e->interp_base);
}

/* What ps and /proc/PID/stat show; brk begins after the highest segment. */
static void
note_layout(struct exec *e, u64 random)
{
	struct aspace *as = e->as;
	u64 start, end;

	as->start_code = ~0ul;
	for (u32 i = 0; i < e->elf.nloads; i++) {
		const struct elf_load *l = &e->elf.load[i];

		start = l->vaddr + e->bias;
		end = start + l->file_bytes;
		as->start_code = MIN(as->start_code, start);
		as->start_data = MAX(as->start_data, start);
		if (l->flags & PF_X)
			as->end_code = MAX(as->end_code, end);
		as->end_data = MAX(as->end_data, end);
	}
	as->brk_start = aspace_brk_base(as, e->elf.brk_start + e->bias,
	    random);
	as->brk = as->brk_start;
}

int
exec_map(struct exec *e)
{
	u64 random[5];
	int error;

	random_bytes(random, sizeof(random));
	e->as->limit_stack = proc_rlimit(RLIMIT_STACK);
	e->as->limit_as = proc_rlimit(RLIMIT_AS);
	e->as->limit_data = proc_rlimit(RLIMIT_DATA);
	e->as->limit_memlock = proc_rlimit(RLIMIT_MEMLOCK);
	aspace_set_layout(e->as, random);
	if (e->elf.type == ET_DYN)
		e->bias = pie_bias(&e->elf, random[3]);
	if (e->elf.high + e->bias > USER_TOP)
		return -ENOMEM;
	e->entry = e->elf.entry + e->bias;
	e->first_rip = e->entry;
	error = map_image(e->as, e->file, &e->elf, e->bias);
	if (error != 0)
		return error;
	note_layout(e, random[4]);
	error = map_interp(e);
	return error != 0 ? error : vdso_map(e->as, &e->vdso);
}
