/*
 * Mappings and page faults. The fault tests ask for small pages, so that a
 * kernel that serves huge ones is compared like for like.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

#define HUGE_PAGES	512L		/* 4 KiB pages in 2 MiB */
#define FILE_PAGES	16384L

static char *mem;			/* what a set-up mapped */
static long mem_pages;
static int file_fd;

static char *
map(long pages)
{
	char *p = mmap(NULL, pages * PAGE_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		skip("mmap");
	madvise(p, pages * PAGE_BYTES, MADV_NOHUGEPAGE);
	return p;
}

static void
touch(char *p, long pages)
{
	for (; pages > 0; pages--, p += PAGE_BYTES)
		*(volatile char *)p = 1;
}

void
memory_drop(void)
{
	if (mem)
		munmap(mem, mem_pages * PAGE_BYTES);
	mem = NULL;
}

static void
mmap1_run(long n)
{
	char *p;

	while (n--) {
		p = map(1);
		*(volatile char *)p = 1;
		munmap(p, PAGE_BYTES);
	}
}

/* One operation is one page. */
void
mmap_touch_munmap_64(long n)
{
	char *p;

	for (; n > 0; n -= 64) {
		p = map(64);
		touch(p, 64);
		munmap(p, 64 * PAGE_BYTES);
	}
}

/* One operation is one page; huge pages are allowed here. */
static void
mmap2m_run(long n)
{
	char *p, *q;

	for (; n > 0; n -= HUGE_PAGES) {
		p = mmap(NULL, 2 * HUGE_PAGES * PAGE_BYTES,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
		if (p == MAP_FAILED)
			skip("mmap");
		q = (char *)(((uintptr_t)p + HUGE_PAGES * PAGE_BYTES - 1) &
		    -(HUGE_PAGES * PAGE_BYTES));
		touch(q, HUGE_PAGES);
		munmap(p, 2 * HUGE_PAGES * PAGE_BYTES);
	}
}

static void
anon_setup(long n, int arg)
{
	(void)arg;
	mem_pages = n;
	mem = map(n);
}

static void
touch_run(long n)
{
	touch(mem, n < mem_pages ? n : mem_pages);
}

/* The child holds the pages, so that each write of ours must copy. */
static void
cow_setup(long n, int arg)
{
	anon_setup(n, arg);
	touch(mem, n);
	if (helper_fork() == 0)
		for (;;)
			pause();
}

static void
file_setup(long n, int arg)
{
	(void)arg;
	if (n > FILE_PAGES) {
		errno = E2BIG;
		skip("size");
	}
	fill_file("big", FILE_PAGES * PAGE_BYTES);
	NEED(file_fd = open(path, O_RDONLY), path);
	while (read(file_fd, big, sizeof big) > 0)
		;
	mem_pages = n;
	mem = mmap(NULL, n * PAGE_BYTES, PROT_READ, MAP_SHARED, file_fd, 0);
	if (mem == MAP_FAILED) {
		mem = NULL;
		skip("mmap");
	}
}

static void
file_run(long n)
{
	while (n--)
		(void)*(volatile char *)(mem + n * PAGE_BYTES);
}

static void
file_end(void)
{
	close(file_fd);
}

static void
mprotect_setup(long n, int arg)
{
	(void)n;
	anon_setup(1, arg);
	*mem = 1;
}

static void
mprotect_run(long n)
{
	while (n--) {
		NEED(mprotect(mem, PAGE_BYTES, PROT_READ), "mprotect");
		NEED(mprotect(mem, PAGE_BYTES, PROT_READ | PROT_WRITE),
		    "mprotect");
	}
}

const struct test memory_tests[] = {
	{ "mmap_touch_munmap_1p", 20000, NULL, mmap1_run, NULL, 0, 0 },
	{ "mmap_touch_munmap_64p_page", 64000, NULL, mmap_touch_munmap_64,
	    NULL, 0, 0 },
	{ "mmap_touch_2m_page_thp_ok", 51200, NULL, mmap2m_run, NULL, 0, 0 },
	{ "fault_anon_page", 16384, anon_setup, touch_run, NULL, 0, ONCE },
	{ "fault_cow_page", 8192, cow_setup, touch_run, NULL, 0, ONCE },
	{ "fault_file_page", 16384, file_setup, file_run, file_end, 0, ONCE },
	{ "mprotect_pair", 20000, mprotect_setup, mprotect_run, NULL, 0, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0, 0 },
};
