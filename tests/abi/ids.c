/*
 * getpid(2), getppid(2), getuid(2) and kin, setuid(2), setgid(2), setreuid(2),
 * setresuid(2), setgroups(2)
 */
#include <grp.h>
#include "tests/abi/abi.h"

TEST(process_numbers)
{
	pid_t me = getpid();

	CHECK(me > 1);
	CHECK_EQ(syscall(SYS_gettid), me);
	IN_CHILD(CHECK_EQ(getppid(), me));
}

TEST(children_inherit)
{
	uid_t uid = getuid();

	IN_CHILD({
		CHECK_EQ(getuid(), uid);
		CHECK_EQ(geteuid(), uid);
	});
}

TEST(setuid_of_root_is_for_good)
{
	uid_t r, e, s;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(setuid(1000));
		OK(getresuid(&r, &e, &s));
		CHECK(r == 1000 && e == 1000 && s == 1000);
		CHECK_ERR(setuid(0), EPERM);
		CHECK_ERR(seteuid(0), EPERM);
		CHECK_ERR(setgid(0xdead), EPERM);
		OK(setuid(1000));
	});
}

TEST(seteuid_comes_back)
{
	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(seteuid(1000));
		CHECK_EQ(geteuid(), 1000);
		CHECK_EQ(getuid(), 0);
		CHECK_ERR(setuid(2000), EPERM);
		OK(seteuid(0));
		CHECK_EQ(geteuid(), 0);
	});
}

TEST(setresuid_sets_each)
{
	uid_t r, e, s;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(setresuid(1, 2, 3));
		OK(getresuid(&r, &e, &s));
		CHECK(r == 1 && e == 2 && s == 3);
		OK(setresuid(-1, 3, -1));
		OK(setresuid(2, 1, 3) == -1 ? 0 : 1);
		OK(getresuid(&r, &e, &s));
		CHECK(r == 1 && e == 3 && s == 3);
		CHECK_ERR(setresuid(0, -1, -1), EPERM);
	});
}

TEST(setreuid_sets_two)
{
	uid_t r, e, s;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(setreuid(1000, 1001));
		OK(getresuid(&r, &e, &s));
		CHECK(r == 1000 && e == 1001 && s == 1001);
		OK(setreuid(1001, 1000));
		CHECK_ERR(setreuid(-1, 0), EPERM);
	});
}

TEST(group_numbers)
{
	gid_t r, e, s;

	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(setregid(5, 6));
		OK(getresgid(&r, &e, &s));
		CHECK(r == 5 && e == 6 && s == 6);
		OK(setgid(7));
		OK(getresgid(&r, &e, &s));
		CHECK(r == 7 && e == 7 && s == 7);
		OK(setresgid(1, 2, 3));
		OK(getresgid(&r, &e, &s));
		CHECK(r == 1 && e == 2 && s == 3);
	});
}

TEST(groups)
{
	gid_t groups[40];

	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		for (int i = 0; i < 40; i++)
			groups[i] = 100 + i;
		OK(setgroups(40, groups));
		CHECK_EQ(getgroups(0, NULL), 40);
		memset(groups, 0, sizeof(groups));
		CHECK_EQ(getgroups(40, groups), 40);
		CHECK_EQ(groups[39], 139);
		CHECK_ERR(getgroups(39, groups), EINVAL);
		CHECK_ERR(getgroups(-1, groups), EINVAL);
		CHECK_ERR(syscall(SYS_setgroups, 65537, groups), EINVAL);
		OK(setgroups(0, NULL));
		CHECK_EQ(getgroups(0, NULL), 0);
		OK(setuid(1000));
		CHECK_ERR(setgroups(0, NULL), EPERM);
	});
}

static void
second_life(int argc, char **argv, char **envp)
{
	(void)argc;
	(void)argv;
	(void)envp;
	_exit(geteuid() == 1234 && getuid() == 1000 ? 42 : 1);
}

__attribute__((constructor))
static void
register_second_life(void)
{
	abi_second_life = second_life;
}

TEST(set_user_id_programs)
{
	static char buf[65536];
	int in, out, n;
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	in = OK(open("/proc/self/exe", O_RDONLY));
	out = OK(open("suid", O_WRONLY | O_CREAT, 0755));
	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(out, buf, n), n);
	OK(fchown(out, 1234, 0));
	OK(fchmod(out, 04755));
	close(in);
	close(out);
	pid = OK(fork());
	if (pid == 0) {
		OK(setuid(1000));
		execl("./suid", "suid", "--", "x", (char *)NULL);
		_exit(98);
	}
	CHECK_EXITS(pid, 42);
}
