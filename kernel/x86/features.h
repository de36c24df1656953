/*
 * What the CPU can do, from CPUID (Intel SDM 2A), less what the command line
 * turned off. Taken from the boot CPU; the others are assumed alike.
 */
#pragma once

#include "kernel/lib/types.h"

struct cpu_features {
	bool	smep, smap, umip, pge, pcid, invpcid, fsgsbase;
	bool	page_1g, pat, x2apic, tsc_deadline, rdtscp, rdrand;
	bool	xsave, xsaveopt, erms, tsc_invariant, hypervisor, arat;
	bool	arch_capabilities;
	u32	family, model;
	u32	max_leaf, max_ext_leaf;
	char	vendor[13];
	char	name[49];
};
extern struct cpu_features cpu_has;	/* [I after boot] */

struct cpuid {
	u32	eax, ebx, ecx, edx;
};

static inline struct cpuid
cpu_cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx),
	    "=d"(r.edx) : "a"(leaf), "c"(subleaf));
	return r;
}

/* Fill cpu_has, obeying nosmap, nosmep, nopcid, nox2apic, nofsgsbase,
 * noxsave. Boot CPU, first of all. */
void	features_init(const char *cmdline);
