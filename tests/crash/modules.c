/*
 * Load the modules that are named, in their order: modules FILE... For the
 * Linux that a test is tried on (tests/host/lib/peer.py).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	int fd, rc = 0;

	for (int i = 1; i < argc; i++) {
		fd = open(argv[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0) {
			printf("%s: %s\n", argv[i], strerror(errno));
			rc = 1;
		}
		close(fd);
	}
	return rc;
}
