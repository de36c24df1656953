/*
 * FPU and vector state.
 *
 * The kernel itself never touches these registers, so they hold some user
 * thread's values at all times: x86_fpu_owner's. A switch away from a user
 * thread writes its registers out at once (XSAVEOPT: only what changed) and
 * leaves them; if the thread comes back with nobody having loaded others, there
 * is nothing to read in. Loading happens only here and in switch.c.
 *
 * Format: XSAVE's standard one, or FXSAVE's where there is no XSAVE. XCR0 has
 * x87, SSE, AVX and AVX-512 where the CPU has them and they fit FPU_STATE_MAX;
 * not AMX (8 KiB), MPX, PKRU. Source: Intel SDM 1 chapter 13.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/extable.h"
#include "kernel/x86/features.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/fpu_priv.h"

#define CR4_OSFXSR		BIT(9)
#define CR4_OSXMMEXCPT		BIT(10)
#define CR4_OSXSAVE		BIT(18)
#define XCR0_X87		BIT(0)
#define XCR0_SSE		BIT(1)
#define XCR0_AVX		BIT(2)
#define XCR0_AVX512		(BIT(5) | BIT(6) | BIT(7))

#define FXSAVE_BYTES		512
#define XSAVE_HEADER_BYTES	64
#define FCW_DEFAULT		0x037f
#define MXCSR_DEFAULT		0x1f80
#define MXCSR_MASK_DEFAULT	0xffbf		/* SDM 1 11.6.6 */

struct fpu_state {
	u16	fcw, fsw;
	u8	ftw, reserved;
	u16	fop;
	u64	fip, fdp;
	u32	mxcsr, mxcsr_mask;
	u8	registers[FXSAVE_BYTES - 32];
	u64	xstate_bv, xcomp_bv;		/* the XSAVE header */
	u64	header_reserved[6];
};
_Static_assert(offsetof(struct fpu_state, xstate_bv) == FXSAVE_BYTES, "SDM");

u32 fpu_state_bytes = FXSAVE_BYTES + XSAVE_HEADER_BYTES;
u64 fpu_xcr0;
static u32 mxcsr_mask = MXCSR_MASK_DEFAULT;

static inline u64
read_cr4(void)
{
	u64 v;

	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

/* Bytes of the standard format for the features in xcr0. */
static u32
xsave_size(u64 xcr0)
{
	u32 size = FXSAVE_BYTES + XSAVE_HEADER_BYTES;

	for (u32 i = 2; i < 63; i++) {
		struct cpuid r;

		if (!(xcr0 >> i & 1))
			continue;
		r = cpu_cpuid(0xd, i);
		size = MAX(size, r.ebx + r.eax);
	}
	return size;
}

void
fpu_init(void)
{
	static const u64 wanted[] = {
		XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512,
		XCR0_X87 | XCR0_SSE | XCR0_AVX,
		XCR0_X87 | XCR0_SSE,
	};
	static struct fpu_state probe aligned(64);
	struct cpuid r;
	u64 has;

	__asm__ volatile("mov %0, %%cr4" :: "r"(read_cr4() | CR4_OSFXSR |
	    CR4_OSXMMEXCPT));
	__asm__ volatile("fxsave64 %0" : "=m"(probe));
	if (probe.mxcsr_mask != 0)
		mxcsr_mask = probe.mxcsr_mask;
	if (!cpu_has.xsave || cpu_has.max_leaf < 0xd)
		return;
	r = cpu_cpuid(0xd, 0);
	has = (u64)r.edx << 32 | r.eax;
	for (u32 i = 0; i < ARRAY_LEN(wanted); i++) {
		if ((wanted[i] & ~has) != 0 ||
		    xsave_size(wanted[i]) > FPU_STATE_MAX)
			continue;
		fpu_xcr0 = wanted[i];
		fpu_state_bytes = xsave_size(wanted[i]);
		return;
	}
}

void
fpu_init_cpu(void)
{
	u64 cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;
	static const u32 mxcsr = MXCSR_DEFAULT;

	if (fpu_xcr0 != 0)
		cr4 |= CR4_OSXSAVE;
	__asm__ volatile("mov %0, %%cr4" :: "r"(cr4));
	if (fpu_xcr0 != 0)
		__asm__ volatile("xsetbv" :: "c"(0), "a"((u32)fpu_xcr0),
		    "d"((u32)(fpu_xcr0 >> 32)));
	__asm__ volatile("fninit; ldmxcsr %0" :: "m"(mxcsr));
}

void
fpu_init_state(struct fpu_state *st)
{
	memset(st, 0, fpu_state_bytes);
	st->fcw = FCW_DEFAULT;
	st->mxcsr = MXCSR_DEFAULT;
}

void
fpu_save(struct fpu_state *st)
{
	/* The instructions write no part of the header but XSTATE_BV: the
	 * rest is zero from fpu_init_state() on. */
	if (fpu_xcr0 == 0)
		__asm__ volatile("fxsave64 %0" : "=m"(*st) :: "memory");
	else if (cpu_has.xsaveopt)
		__asm__ volatile("xsaveopt64 %0" : "+m"(*st) : "a"(~0u),
		    "d"(~0u) : "memory");
	else
		__asm__ volatile("xsave64 %0" : "+m"(*st) : "a"(~0u),
		    "d"(~0u) : "memory");
}

/*
 * A fault here means a state that fpu_state_is_valid() let through: the thread
 * goes on with the registers as they are, which are its own or cleared ones.
 */
void
fpu_restore(const struct fpu_state *st)
{
	if (fpu_xcr0 == 0)
		__asm__ volatile("1: fxrstor64 %0\n2:\n" EXTABLE_C("1b", "2b")
		    :: "m"(*st) : "memory");
	else
		__asm__ volatile("1: xrstor64 %0\n2:\n" EXTABLE_C("1b", "2b")
		    :: "m"(*st), "a"(~0u), "d"(~0u) : "memory");
}

void
fpu_reset(void)
{
	static struct fpu_state fresh aligned(64) = {
		.fcw = FCW_DEFAULT, .mxcsr = MXCSR_DEFAULT,
	};

	/* XSTATE_BV is 0: what is not in the image goes to its first state;
	 * MXCSR comes from the image all the same. */
	fpu_restore(&fresh);
}

bool
fpu_state_is_valid(const struct fpu_state *st)
{
	if (st->mxcsr & ~mxcsr_mask)
		return false;
	if (fpu_xcr0 == 0)
		return true;
	if ((st->xstate_bv & ~fpu_xcr0) != 0 || st->xcomp_bv != 0)
		return false;
	return mem_is_zero(st->header_reserved, sizeof(st->header_reserved));
}
