/*
 * Damaged programs: execve(2) refuses or kills, and nothing else happens.
 * The first two brought other young kernels down.
 */
#include <elf.h>
#include "tests/abi/abi.h"

static struct {
	Elf64_Ehdr	e;
	Elf64_Phdr	p[2];
	unsigned char	code[64];
} image;

/* A right image: xor edi,edi; mov eax,60; syscall. */
static void
reset(void)
{
	static const unsigned char exit0[] = {
		0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05
	};

	memset(&image, 0, sizeof(image));
	memcpy(image.e.e_ident, "\177ELF\2\1\1", 7);
	image.e.e_type = ET_EXEC;
	image.e.e_machine = EM_X86_64;
	image.e.e_version = 1;
	image.e.e_entry = 0x400000 + offsetof(__typeof__(image), code);
	image.e.e_phoff = sizeof(Elf64_Ehdr);
	image.e.e_ehsize = sizeof(Elf64_Ehdr);
	image.e.e_phentsize = sizeof(Elf64_Phdr);
	image.e.e_phnum = 1;
	image.p[0].p_type = PT_LOAD;
	image.p[0].p_flags = PF_R | PF_X;
	image.p[0].p_vaddr = 0x400000;
	image.p[0].p_filesz = sizeof(image);
	image.p[0].p_memsz = sizeof(image);
	image.p[0].p_align = PAGE;
	image.p[1] = image.p[0];
	memcpy(image.code, exit0, sizeof(exit0));
}

/* Run the image: its wait status, or -1 if execve() refused. */
static int
run(void)
{
	int fd, status;
	pid_t pid;

	unlink("elf");
	fd = OK(open("elf", O_WRONLY | O_CREAT, 0755));
	CHECK_EQ(write(fd, &image, sizeof(image)), sizeof(image));
	close(fd);
	pid = OK(fork());
	if (pid == 0) {
		execl("./elf", "elf", (char *)NULL);
		_exit(98);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 98 ? -1 : status;
}

TEST(the_right_one_runs)
{
	reset();
	CHECK_EQ(run(), 0);
}

TEST(no_file_bytes_at_a_page_boundary)
{
	reset();
	image.e.e_phnum = 2;
	image.p[1].p_vaddr = 0x401000;
	image.p[1].p_offset = PAGE;
	image.p[1].p_filesz = 0;
	image.p[1].p_memsz = PAGE;
	image.p[1].p_flags = PF_R | PF_W;
	CHECK_EQ(run(), 0);
}

TEST(segments_elsewhere)
{
	static const uint64_t odd[] = {
		0, 1, 0x1000, 0x7ffffffff000, 0x800000000000,
		0xffff800000000000, 0xffffffff80000000, -4096, -1,
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		reset();
		image.p[0].p_vaddr = odd[i];
		CHECK(run() != 0);
		reset();
		image.e.e_phnum = 2;
		image.p[1].p_vaddr = odd[i];
		run();
		reset();
		image.p[0].p_memsz = odd[i];
		run();
		reset();
		image.p[0].p_filesz = odd[i];
		run();
		reset();
		image.p[0].p_offset = odd[i];
		run();
		reset();
		image.e.e_entry = odd[i];
		CHECK(run() != 0);
		reset();
		image.e.e_phoff = odd[i];
		CHECK(run() != 0);
		reset();
		image.p[0].p_align = odd[i];
		run();
	}
}

TEST(wrong_headers)
{
	reset();
	image.e.e_machine = EM_386;
	CHECK_EQ(run(), -1);
	reset();
	image.e.e_ident[EI_CLASS] = ELFCLASS32;
	image.e.e_machine = EM_386;
	run();
	reset();
	image.e.e_type = ET_REL;
	CHECK_EQ(run(), -1);
	reset();
	image.e.e_phnum = 0;
	CHECK_EQ(run(), -1);
	reset();
	image.e.e_phnum = 0xffff;
	CHECK_EQ(run(), -1);
	reset();
	image.e.e_phentsize = 1;
	CHECK_EQ(run(), -1);
	reset();
	image.p[0].p_type = PT_INTERP;
	CHECK(run() != 0);
	reset();
	image.e.e_phnum = 2;
	image.p[1].p_type = PT_INTERP;
	image.p[1].p_filesz = 0x7fffffff;
	CHECK_EQ(run(), -1);
}

TEST(any_byte_changed)
{
	unsigned int seed = 12345;

	for (int i = 0; i < 300; i++) {
		reset();
		for (int n = 0; n < 3; n++) {
			seed = seed * 1103515245 + 12345;
			((unsigned char *)&image)[7 + (seed >> 8) % 113] =
			    seed >> 24;
		}
		run();
	}
}
