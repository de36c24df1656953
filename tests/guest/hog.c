/*
 * Take memory until killed: hog [MIB]. Says every MiB it has; with a number it
 * stops there, keeps what it has and waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	long limit = argc > 1 ? atol(argv[1]) : 1 << 20;
	const size_t mib = 1 << 20;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (long n = 1; n <= limit; n++) {
		char *p = mmap(NULL, mib, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED) {
			perror("hog: mmap");
			break;
		}
		memset(p, n, mib);
		printf("hog: %ld MiB\n", n);
	}
	pause();
	return 0;
}
