/*
 * System calls that do not exist, and arguments without sense: an error, and
 * nothing else. (Numbers like these brought other young kernels down.)
 */
#include "tests/abi/abi.h"

TEST(unknown_numbers)
{
	static const long numbers[] = {
		500, 999, 1024, 9999, 99999, 0x7fffffff, -1, -9999,
		LONG_MAX,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		CHECK_ERR(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS);
}

/* Calls that end or block us, or change the machine. */
static int
is_spared(int nr)
{
	static const int spared[] = {
		SYS_exit, SYS_exit_group, SYS_pause, SYS_rt_sigreturn,
		SYS_rt_sigsuspend, SYS_reboot, SYS_kill, SYS_tkill, SYS_tgkill,
		SYS_vfork, SYS_fork, SYS_clone, SYS_clone3, SYS_select,
		SYS_pselect6, SYS_poll, SYS_ppoll, SYS_wait4, SYS_sync,
		SYS_vhangup, SYS_setsid, SYS_shutdown, SYS_unshare,
		SYS_sethostname, SYS_setdomainname, SYS_settimeofday,
		SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
		SYS_rt_sigtimedwait, SYS_ptrace, SYS_syslog, SYS_personality,
		SYS_setpriority, SYS_mlockall, SYS_sched_setscheduler,
		SYS_rt_sigprocmask, SYS_kexec_load, SYS_swapoff, SYS_seccomp,
		SYS_munmap, SYS_brk, SYS_mprotect, SYS_mremap, SYS_alarm,
		SYS_chroot, SYS_chdir, SYS_read, SYS_readv, SYS_close,
		SYS_close_range, SYS_setitimer, SYS_prctl, SYS_arch_prctl,
		SYS_set_robust_list, SYS_futex, SYS_umask, SYS_iopl,
		SYS_ioperm, SYS_acct, SYS_rseq, SYS_io_uring_enter,
		SYS_setpgid, SYS_ioctl, SYS_fcntl, SYS_dup2, SYS_dup3,
		SYS_userfaultfd, SYS_waitid, SYS_nanosleep, SYS_setuid,
		SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid,
		SYS_setresgid, SYS_setgroups, SYS_setfsuid, SYS_setfsgid,
		SYS_capset, SYS_setrlimit, SYS_prlimit64, SYS_modify_ldt,
		SYS_set_thread_area, SYS_mmap, SYS_epoll_wait, SYS_epoll_pwait,
		SYS_msgrcv, SYS_msgsnd, SYS_semop, SYS_semtimedop,
	};

	for (size_t i = 0; i < sizeof(spared) / sizeof(spared[0]); i++)
		if (spared[i] == nr)
			return 1;
	return 0;
}

TEST(every_call_with_bad_pointers)
{
	static const long bad[] = { 8, -1L, LONG_MIN, 0x800000000000 };
	pid_t pid = OK(fork());

	if (pid == 0) {
		alarm(15);
		/* As nobody, so that nothing can be harmed. */
		if (is_root()) {
			OK(syscall(SYS_setgroups, 0, NULL));
			OK(setgid(65534));
			OK(setuid(65534));
		}
		for (int nr = 0; nr < 335; nr++)
			for (int i = 0; i < 4 && !is_spared(nr); i++)
				syscall(nr, bad[i], bad[i], bad[i], bad[i],
				    bad[i], bad[i]);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
}

TEST(kernel_addresses_are_never_touched)
{
	static const unsigned long kernel[] = {
		0xffff800000000000, 0xffff888000000000, 0xffffffff80000000,
		0xffffffffffffffff, 0xfffffffffffff000,
	};
	int fd = make_file("f", "abc");

	for (size_t i = 0; i < sizeof(kernel) / sizeof(kernel[0]); i++) {
		void *p = (void *)kernel[i];

		OK(lseek(fd, 0, SEEK_SET));
		CHECK_ERR(read(fd, p, 3), EFAULT);
		CHECK_ERR(write(fd, p, 3), EFAULT);
		CHECK_ERR(open(p, O_RDONLY), EFAULT);
		CHECK_ERR(syscall(SYS_fstat, fd, p), EFAULT);
		CHECK_ERR(syscall(SYS_pipe, p), EFAULT);
	}
	close(fd);
}
