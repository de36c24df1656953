/*
 * The frame of the host unit tests: each file has TEST functions, lists them,
 * and links with this header's main. Every case prints "ok" or "not ok" and
 * its name; the program ends with a summary line and a status.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/lib/types.h"

struct unit_case {
	const char *name;
	void (*run)(void);
};

static int unit_bad;		/* failed checks of the running case */

#define CHECK(cond) do { \
	if (!(cond)) { \
		unit_bad++; \
		fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
	} \
} while (0)

#define CHECK_EQ(a, b) do { \
	unsigned long long a_ = (unsigned long long)(a); \
	unsigned long long b_ = (unsigned long long)(b); \
	if (a_ != b_) { \
		unit_bad++; \
		fprintf(stderr, "# %s:%d: %s is %#llx, not %#llx\n", \
		    __FILE__, __LINE__, #a, a_, b_); \
	} \
} while (0)

#define CHECK_STR(a, b) do { \
	const char *a_ = (a), *b_ = (b); \
	if (strcmp(a_, b_) != 0) { \
		unit_bad++; \
		fprintf(stderr, "# %s:%d: %s is \"%s\", not \"%s\"\n", \
		    __FILE__, __LINE__, #a, a_, b_); \
	} \
} while (0)

/* A fixed sequence of random numbers (xorshift64*), the same on every run. */
static u64 unit_seed = 0x853c49e6748fea9bul;

static inline u64
unit_random(void)
{
	unit_seed ^= unit_seed >> 12;
	unit_seed ^= unit_seed << 25;
	unit_seed ^= unit_seed >> 27;
	return unit_seed * 0x2545f4914f6cdd1dul;
}

static inline int
unit_run(const char *subject, const struct unit_case *cases, usize n)
{
	int passed = 0, failed = 0;

	for (usize i = 0; i < n; i++) {
		unit_bad = 0;
		cases[i].run();
		printf("%s unit.%s.%s\n", unit_bad ? "not ok" : "ok", subject,
		    cases[i].name);
		*(unit_bad ? &failed : &passed) += 1;
	}
	printf("unit %s: %d passed, %d failed\n", subject, passed, failed);
	return failed != 0;
}

#define UNIT_MAIN(subject, ...) \
int \
main(void) \
{ \
	static const struct unit_case cases[] = { __VA_ARGS__ }; \
	return unit_run(subject, cases, ARRAY_LEN(cases)); \
}
