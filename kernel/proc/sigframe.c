/*
 * The frame on a signal handler's stack, as Linux lays it out (abi/signal.h),
 * and the way back from it.
 *
 * The frame is written by copies that do not fault, the vector registers by the
 * CPU itself: the usual stack page is there. Only when one falls short are the
 * pages brought in (a renewal point; nothing is held) and all is written again.
 *
 * What comes back is the user's to forge: segment registers are not taken from
 * it, flags are masked, rip must be a user address, and the vector state is
 * loaded by an instruction whose fault means a bad frame.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/syscall_nr.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/proc/sigcall.h"
#include "kernel/vm/uaccess.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/trap.h"
#include "kernel/x86/userput.h"

#define RED_ZONE_BYTES	128	/* below rsp, a leaf's own: ABI 3.2.2 */
#define FXSAVE_BYTES	sizeof(struct lx_fxsave)
#define XSTATE_BV	FXSAVE_BYTES	/* offset of the header's first word */

/* SDM 1 3.4.3: what a program may set. CF PF AF ZF SF TF DF OF RF AC. */
#define RFLAGS_USER	0x50dd5ul
#define RFLAGS_TF	BIT(8)
#define RFLAGS_DF	BIT(10)
#define RFLAGS_RF	BIT(16)

static bool
on_altstack(const struct task *t, u64 sp)
{
	return !(t->altstack_flags & SS_AUTODISARM) &&
	    sp > t->altstack.addr && sp - t->altstack.addr <= t->altstack_len;
}

static u32
altstack_status(const struct task *t, u64 sp)
{
	if (t->altstack_len == 0)
		return SS_DISABLE;
	return on_altstack(t, sp) ? SS_ONSTACK : 0;
}

/* The image with its second mark, and what it takes on the stack. */
static u64
fpu_marked_bytes(void)
{
	return fpu_state_bytes +
	    (fpu_xcr0 != 0 ? (u64)FP_XSTATE_MAGIC2_SIZE : 0);
}

static u64
fpu_frame_bytes(void)
{
	return ROUND_UP(fpu_marked_bytes(), 8ul);
}

/*
 * The vector registers to the user's stack, with Linux's marks around them:
 * what is in the image, and that it is whole. The header is cleared first:
 * XSAVE writes only the bits of its components there. False: a page is missing.
 */
static bool
fpu_write(u64 at)
{
	u64 sw = at + FP_XSTATE_SW_OFFSET, header = at + XSTATE_BV;

	if (fpu_xcr0 != 0) {
		user_put_begin();
		USER_PUT(sw, 0, fpu_marked_bytes() << 32 | FP_XSTATE_MAGIC1,
		    fault);
		USER_PUT(sw, 8, fpu_xcr0, fault);
		USER_PUT(sw, 16, fpu_state_bytes, fault);
		USER_PUT(sw, 24, 0, fault);
		USER_PUT(sw, 32, 0, fault);
		USER_PUT(sw, 40, 0, fault);
		USER_PUT(header, 0, 0, fault);
		USER_PUT(header, 8, 0, fault);
		USER_PUT(header, 16, 0, fault);
		USER_PUT(header, 24, 0, fault);
		USER_PUT(header, 32, 0, fault);
		USER_PUT(header, 40, 0, fault);
		USER_PUT(header, 48, 0, fault);
		USER_PUT(header, 56, 0, fault);
		USER_PUT(at + fpu_state_bytes, 0, FP_XSTATE_MAGIC2, fault);
		user_put_end();
	}
	return usercopy_fpu_out(UPTR(at), (u32)fpu_xcr0) == 0;
fault:
	user_put_end();
	return false;
}

/* A field of the frame at address at; value is 8 bytes. */
#define PUT(field, value) \
	USER_PUT(at, offsetof(struct lx_rt_sigframe, field), (value), fault)
#define PUT_REG(field, value)	PUT(uc.uc_mcontext.field, (value))

/* What the handler interrupts. Part of user_put_begin() .. user_put_end(). */
static always_inline bool
frame_put_regs(u64 at, const struct trapframe *tf)
{
	PUT_REG(r8, tf->r8);
	PUT_REG(r9, tf->r9);
	PUT_REG(r10, tf->r10);
	PUT_REG(r11, tf->r11);
	PUT_REG(r12, tf->r12);
	PUT_REG(r13, tf->r13);
	PUT_REG(r14, tf->r14);
	PUT_REG(r15, tf->r15);
	PUT_REG(rdi, tf->rdi);
	PUT_REG(rsi, tf->rsi);
	PUT_REG(rbp, tf->rbp);
	PUT_REG(rbx, tf->rbx);
	PUT_REG(rdx, tf->rdx);
	PUT_REG(rax, tf->rax);
	PUT_REG(rcx, tf->rcx);
	PUT_REG(rsp, tf->rsp);
	PUT_REG(rip, tf->rip);
	PUT_REG(eflags, tf->rflags);
	PUT_REG(cs, (tf->cs & 0xffff) | tf->ss << 48);	/* cs, gs, fs, ss */
	PUT_REG(err, (u32)tf->vector_error);
	PUT_REG(trapno, tf->vector_error >> 32);
	return true;
fault:
	return false;
}

/* All but the siginfo. False: a page is missing. */
static bool
frame_write(u64 at, const struct task *t, const struct trapframe *tf,
    const struct sigact *act, u64 mask, u64 fpstate)
{
	u64 flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
	    (fpu_xcr0 != 0 ? UC_FP_XSTATE : 0);
	u64 stack_flags = altstack_status(t, tf->rsp) |
	    (t->altstack_flags & SS_AUTODISARM);

	user_put_begin();
	PUT(pretcode, act->restorer);
	PUT(uc.uc_flags, flags);
	PUT(uc.uc_link, 0);
	PUT(uc.uc_stack.ss_sp, t->altstack.addr);
	PUT(uc.uc_stack.ss_flags, stack_flags);
	PUT(uc.uc_stack.ss_size, t->altstack_len);
	PUT(uc.uc_sigmask, mask);
	if (!frame_put_regs(at, tf))
		goto fault;
	PUT_REG(oldmask, mask);
	PUT_REG(cr2, t->fault_addr);
	PUT_REG(fpstate, fpstate);
	user_put_end();
	return true;
fault:
	user_put_end();
	return false;
}

static bool
info_write(u64 at, const struct sigact *act, const struct lx_siginfo *info)
{
	return !(act->flags & SA_SIGINFO) ||
	    copy_out_nofault(UPTR(at + offsetof(struct lx_rt_sigframe, info)),
	    info, sizeof(*info)) == sizeof(*info);
}

/* Where the stack for a handler begins; 0: the alternate stack is full. */
static u64
frame_stack(const struct task *t, const struct trapframe *tf,
    const struct sigact *act, usize need)
{
	bool on_alt = on_altstack(t, tf->rsp);
	u64 sp = tf->rsp - RED_ZONE_BYTES;

	if (act->flags & SA_ONSTACK && t->altstack_len != 0 && !on_alt)
		return t->altstack.addr + t->altstack_len;
	if (on_alt && sp - need < t->altstack.addr)
		return 0;
	return sp;
}

bool
sigframe_push(struct trapframe *tf, int sig, const struct sigact *act,
    const struct lx_siginfo *info, u64 mask)
{
	struct task *t = current_task();
	u64 fp_bytes = fpu_frame_bytes();
	u64 need = fp_bytes + sizeof(struct lx_rt_sigframe) + 128;
	u64 sp = frame_stack(t, tf, act, need), at;

	if (sp < need || sp > USER_TOP || act->handler >= USER_TOP ||
	    !(act->flags & SA_RESTORER))
		return false;
	sp = ROUND_DOWN(sp - fp_bytes, 64);
	at = ROUND_DOWN(sp - sizeof(struct lx_rt_sigframe), 16) - 8;
	while (unlikely(!fpu_write(sp) ||
	    !frame_write(at, t, tf, act, mask, sp) ||
	    !info_write(at, act, info)))
		if (user_fault_in(UPTR(at), sp + fp_bytes - at,
		    USER_WRITE) != 0)
			return false;
	fpu_reset();
	if (t->altstack_flags & SS_AUTODISARM) {
		t->altstack_flags = SS_DISABLE;
		t->altstack_len = 0;
	}
	tf->rdi = (u64)sig;
	tf->rsi = at + offsetof(struct lx_rt_sigframe, info);
	tf->rdx = at + offsetof(struct lx_rt_sigframe, uc);
	tf->rax = 0;
	tf->rsp = at;
	tf->rip = act->handler;
	tf->rflags &= ~(RFLAGS_TF | RFLAGS_DF | RFLAGS_RF);
	return true;
}

/* Does an extended image stand at the address, or only FXSAVE's? */
static bool
fpu_is_extended(u64 at)
{
	u32 magic1, magic2, size;
	u64 sw = at + FP_XSTATE_SW_OFFSET;

	return fpu_xcr0 != 0 &&
	    usercopy_read32(UPTR(sw), &magic1) == 0 &&
	    usercopy_read32(UPTR(sw + offsetof(struct lx_fpx_sw_bytes,
	    xstate_size)), &size) == 0 &&
	    usercopy_read32(UPTR(at + fpu_state_bytes), &magic2) == 0 &&
	    magic1 == FP_XSTATE_MAGIC1 && magic2 == FP_XSTATE_MAGIC2 &&
	    size == fpu_state_bytes;
}

static int
fpu_read(u64 at)
{
	if (likely(fpu_is_extended(at)))
		return usercopy_fpu_in(UPTR(at), (u32)fpu_xcr0);
	fpu_reset();			/* what FXSAVE does not hold */
	return usercopy_fpu_in(UPTR(at), 0);
}

/* Load what stands at the user's address; false if it is no such state. The
 * CPU itself checks it. */
static bool
fpu_reload(uptr_t from)
{
	usize len = fpu_marked_bytes();

	if (from.addr == 0) {
		fpu_reset();
		return true;
	}
	if (from.addr & 63 || !user_range_ok(from, len))
		return false;
	if (likely(fpu_read(from.addr) == 0))
		return true;
	return user_fault_in(from, len, USER_READ) == 0 &&
	    fpu_read(from.addr) == 0;
}

static void
frame_restore(struct trapframe *tf, const struct lx_sigcontext *sc)
{
	tf->r8 = sc->r8;
	tf->r9 = sc->r9;
	tf->r10 = sc->r10;
	tf->r11 = sc->r11;
	tf->r12 = sc->r12;
	tf->r13 = sc->r13;
	tf->r14 = sc->r14;
	tf->r15 = sc->r15;
	tf->rdi = sc->rdi;
	tf->rsi = sc->rsi;
	tf->rbp = sc->rbp;
	tf->rbx = sc->rbx;
	tf->rdx = sc->rdx;
	tf->rax = sc->rax;
	tf->rcx = sc->rcx;
	tf->rsp = sc->rsp;
	tf->rip = sc->rip;
	tf->rflags = (tf->rflags & ~RFLAGS_USER) | (sc->eflags & RFLAGS_USER);
	tf->orig_rax = ~0ul;		/* no restart of whatever this was */
}

static void
altstack_restore(struct task *t, const struct lx_stack *ss)
{
	if (ss->ss_flags & SS_DISABLE)
		return;
	t->altstack = UPTR(ss->ss_sp);
	t->altstack_len = ss->ss_size;
	t->altstack_flags = (u32)ss->ss_flags & SS_AUTODISARM;
}

/* The pretcode was popped by the handler's ret: the frame starts below rsp. */
long
signal_return(struct trapframe *tf)
{
	struct task *t = current_task();
	struct lx_ucontext uc;
	uptr_t from = UPTR(tf->rsp - 8 + offsetof(struct lx_rt_sigframe, uc));

	if (unlikely(copy_in_nofault(&uc, from, sizeof(uc)) != sizeof(uc)) &&
	    copy_in_obj(&uc, from) != 0)
		goto bad;
	signal_set_mask(uc.uc_sigmask);
	frame_restore(tf, &uc.uc_mcontext);
	if (uc.uc_mcontext.rip >= USER_TOP ||
	    !fpu_reload(UPTR(uc.uc_mcontext.fpstate)))
		goto bad;
	altstack_restore(t, &uc.uc_stack);
	t->restart_fn = RESTART_NONE;
	return (long)tf->rax;
	/* As on Linux the registers are those of the bad frame by now. */
bad:
	signal_force(SIGSEGV, SI_KERNEL, 0);
	return 0;
}

int
signal_altstack(u64 sp, const struct lx_stack *new, struct lx_stack *old)
{
	struct task *t = current_task();
	u32 flags;

	*old = (struct lx_stack){
		.ss_sp = t->altstack.addr,
		.ss_flags = (s32)(altstack_status(t, sp) |
		    (t->altstack_flags & SS_AUTODISARM)),
		.ss_size = t->altstack_len,
	};
	if (new == NULL)
		return 0;
	if (on_altstack(t, sp))
		return -EPERM;
	flags = (u32)new->ss_flags & ~SS_AUTODISARM;
	if (flags != 0 && flags != SS_DISABLE && flags != SS_ONSTACK)
		return -EINVAL;
	if (flags == SS_DISABLE) {
		t->altstack = UPTR(0);
		t->altstack_len = 0;
		t->altstack_flags = SS_DISABLE;
		return 0;
	}
	if (new->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack = UPTR(new->ss_sp);
	t->altstack_len = new->ss_size;
	t->altstack_flags = (u32)new->ss_flags & SS_AUTODISARM;
	return 0;
}
