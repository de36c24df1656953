/*
 * Running out, one kind after the other: an error, and all is well afterwards.
 */
#include <sys/resource.h>
#include "tests/abi/abi.h"

TEST(descriptors)
{
	IN_CHILD({
		struct rlimit limit = { 256, 256 };
		int p[2], n = 0;

		OK(setrlimit(RLIMIT_NOFILE, &limit));
		while (n < 1000 && pipe(p) == 0)
			n++;
		CHECK(n > 100 && n <= 128);
		CHECK_ERR(pipe(p), EMFILE);
		CHECK_EQ(close(200), 0);
		CHECK_EQ(dup(0), 200);
	});
}

TEST(mappings)
{
	char *p = mmap(NULL, 20000 * PAGE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	/* Every other page of another kind: 20,000 areas. */
	for (int i = 0; i < 20000; i += 2)
		OK(mprotect(p + i * PAGE, PAGE, PROT_READ));
	CHECK_EQ(p[0], 0);
	CHECK_EQ(p[19998 * PAGE], 0);
	OK(munmap(p, 20000 * PAGE));
}

TEST(names)
{
	char name[300];

	/* Many long names, all gone at the end. */
	memset(name, 'n', sizeof(name));
	for (int i = 0; i < 1000; i++) {
		snprintf(name + 240, 10, "%04d", i);
		close(OK(open(name, O_CREAT | O_WRONLY, 0600)));
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(name + 240, 10, "%04d", i);
		OK(unlink(name));
	}
}
