/*
 * ELF64 as executables for x86-64 use it (elf(5), System V ABI).
 */
#pragma once

#include <stdint.h>

#define EI_MAG0			0
#define EI_CLASS		4
#define EI_DATA			5
#define EI_VERSION		6
#define EI_OSABI		7
#define EI_NIDENT		16
#define ELFMAG			"\177ELF"
#define SELFMAG			4
#define ELFCLASS64		2
#define ELFDATA2LSB		1
#define EV_CURRENT		1

#define ET_NONE			0
#define ET_REL			1
#define ET_EXEC			2
#define ET_DYN			3
#define ET_CORE			4
#define EM_X86_64		62

#define PT_NULL			0
#define PT_LOAD			1
#define PT_DYNAMIC		2
#define PT_INTERP		3
#define PT_NOTE			4
#define PT_SHLIB		5
#define PT_PHDR			6
#define PT_TLS			7
#define PT_GNU_EH_FRAME		0x6474e550
#define PT_GNU_STACK		0x6474e551
#define PT_GNU_RELRO		0x6474e552
#define PT_GNU_PROPERTY		0x6474e553

#define PF_X			1
#define PF_W			2
#define PF_R			4

struct lx_elf64_ehdr {
	uint8_t e_ident[EI_NIDENT];
	uint16_t e_type;
	uint16_t e_machine;
	uint32_t e_version;
	uint64_t e_entry;
	uint64_t e_phoff;
	uint64_t e_shoff;
	uint32_t e_flags;
	uint16_t e_ehsize;
	uint16_t e_phentsize;
	uint16_t e_phnum;
	uint16_t e_shentsize;
	uint16_t e_shnum;
	uint16_t e_shstrndx;
};

_Static_assert(sizeof(struct lx_elf64_ehdr) == 64, "Elf64_Ehdr");

struct lx_elf64_phdr {
	uint32_t p_type;
	uint32_t p_flags;
	uint64_t p_offset;
	uint64_t p_vaddr;
	uint64_t p_paddr;
	uint64_t p_filesz;
	uint64_t p_memsz;
	uint64_t p_align;
};

_Static_assert(sizeof(struct lx_elf64_phdr) == 56, "Elf64_Phdr");
