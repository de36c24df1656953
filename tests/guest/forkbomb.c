/*
 * Fork without end, each child too, each touching some memory: forkbomb. The
 * first one ends after SECONDS (5) and its end must be possible.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 5;
	long made = 0, refused = 0;

	signal(SIGCHLD, SIG_IGN);
	if (setpgid(0, 0) != 0)
		perror("setpgid");
	alarm(seconds);
	for (;;) {
		pid_t pid = fork();

		if (pid == 0) {
			char *p = malloc(65536);

			if (p != NULL)
				memset(p, 1, 65536);
		} else if (pid > 0) {
			made++;
		} else {
			refused++;
			usleep(1000);
		}
	}
}
