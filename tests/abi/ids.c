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

TEST(setreuid)
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

TEST(set_user_id_programs)
{
	char line[64];
	pid_t pid;
	int in, out, p[2], n;
	char buf[65536];

	if (!is_root())
		SKIP("needs root");
	if (access("/bin/busybox", X_OK) != 0 && access("/usr/bin/id", X_OK))
		SKIP("no id program");
	in = open("/bin/busybox", O_RDONLY);
	if (in < 0)
		in = OK(open("/usr/bin/id", O_RDONLY));
	out = OK(open("id", O_WRONLY | O_CREAT, 0755));
	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(out, buf, n), n);
	OK(fchown(out, 1234, 0));
	OK(fchmod(out, 04755));
	close(in);
	close(out);
	OK(pipe(p));
	pid = OK(fork());
	if (pid == 0) {
		OK(setuid(1000));
		OK(dup2(p[1], 1));
		execl("./id", "id", "-u", (char *)NULL);
		_exit(98);
	}
	CHECK_EXITS(pid, 0);
	n = OK(read(p[0], line, sizeof(line) - 1));
	line[n] = '\0';
	CHECK_EQ(atoi(line), 1234);
}
