/*
 * The frame on a signal handler's stack, as Linux lays it out (abi/signal.h),
 * and the way back from it.
 *
 * The frame is built in kernel memory and written with two copies that do not
 * fault: the usual stack page is there. Only when one falls short are the pages
 * brought in (a renewal point; nothing is held) and the copies made again.
 *
 * What comes back is the user's to forge: segment registers are not taken from
 * it, flags are masked, rip must be a user address, and the vector state is
 * checked before it is loaded.
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

#define RED_ZONE_BYTES	128	/* below rsp, a leaf's own: ABI 3.2.2 */
#define FXSAVE_BYTES	sizeof(struct lx_fxsave)
#define XSTATE_BV	FXSAVE_BYTES	/* offset of the header's first word */
#define XSTATE_HEADER_BYTES	64
#define FPU_DEFAULT_CWD	0x37f
#define FPU_DEFAULT_MXCSR	0x1f80

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

static usize
fpu_frame_bytes(void)
{
	return fpu_state_bytes +
	    (fpu_xcr0 != 0 ? (usize)FP_XSTATE_MAGIC2_SIZE : 0);
}

/* Registers to the thread's save area, with Linux's marks around them. */
static struct lx_fxsave *
fpu_capture(struct task *t)
{
	struct lx_fxsave *fx = (struct lx_fxsave *)t->thread.x86.fpu;
	u32 magic2 = FP_XSTATE_MAGIC2;

	fpu_save(t->thread.x86.fpu);
	if (fpu_xcr0 == 0) {
		memset(&fx->sw, 0, sizeof(fx->sw));
		return fx;
	}
	fx->sw = (struct lx_fpx_sw_bytes){
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = (u32)fpu_frame_bytes(),
		.xfeatures = fpu_xcr0,
		.xstate_size = fpu_state_bytes,
	};
	memcpy((u8 *)fx + fpu_state_bytes, &magic2, sizeof(magic2));
	return fx;
}

/* Which components are in the image; the others are as at a start. */
static u64
fpu_components(const struct lx_fxsave *fx)
{
	u64 bv;

	if (fpu_xcr0 == 0)
		return 3;
	memcpy(&bv, (const u8 *)fx + XSTATE_BV, sizeof(bv));
	return bv;
}

/* Handlers start with default modes and an empty x87 stack. */
static void
fpu_reset_for_handler(struct task *t, const struct lx_fxsave *fx)
{
	bool x87_used = fpu_components(fx) & 1;

	if (likely((!x87_used || (fx->cwd == FPU_DEFAULT_CWD &&
	    (fx->ftw & 0xff) == 0)) && fx->mxcsr == FPU_DEFAULT_MXCSR))
		return;
	fpu_init_state(t->thread.x86.fpu);
	fpu_restore(t->thread.x86.fpu);
}

static void
frame_fill(struct lx_rt_sigframe *f, const struct task *t,
    const struct trapframe *tf, const struct sigact *act, u64 mask)
{
	struct lx_sigcontext *sc = &f->uc.uc_mcontext;

	f->pretcode = act->restorer;
	f->uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS |
	    (fpu_xcr0 != 0 ? UC_FP_XSTATE : 0);
	f->uc.uc_link = 0;
	f->uc.uc_stack.ss_sp = t->altstack.addr;
	f->uc.uc_stack.ss_flags = (s32)(altstack_status(t, tf->rsp) |
	    (t->altstack_flags & SS_AUTODISARM));
	f->uc.uc_stack.pad_ = 0;
	f->uc.uc_stack.ss_size = t->altstack_len;
	f->uc.uc_sigmask = mask;
	*sc = (struct lx_sigcontext){
		.r8 = tf->r8, .r9 = tf->r9, .r10 = tf->r10, .r11 = tf->r11,
		.r12 = tf->r12, .r13 = tf->r13, .r14 = tf->r14, .r15 = tf->r15,
		.rdi = tf->rdi, .rsi = tf->rsi, .rbp = tf->rbp, .rbx = tf->rbx,
		.rdx = tf->rdx, .rax = tf->rax, .rcx = tf->rcx, .rsp = tf->rsp,
		.rip = tf->rip, .eflags = tf->rflags,
		.cs = (u16)tf->cs, .ss = (u16)tf->ss,
		.err = (u32)tf->vector_error,
		.trapno = tf->vector_error >> 32,
		.oldmask = mask, .cr2 = t->fault_addr,
	};
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

/* Both parts, or nothing that counts. */
static bool
frame_write(u64 at, const struct lx_rt_sigframe *f, u64 fp_at,
    const struct lx_fxsave *fx, usize fp_bytes)
{
	return copy_out_nofault(UPTR(fp_at), fx, fp_bytes) == fp_bytes &&
	    copy_out_nofault(UPTR(at), f, sizeof(*f)) == sizeof(*f);
}

bool
sigframe_push(struct trapframe *tf, int sig, const struct sigact *act,
    const struct lx_siginfo *info, u64 mask)
{
	struct task *t = current_task();
	usize fp_bytes = fpu_frame_bytes();
	usize need = fp_bytes + sizeof(struct lx_rt_sigframe) + 128;
	struct lx_rt_sigframe f;
	struct lx_fxsave *fx;
	u64 sp = frame_stack(t, tf, act, need), at;

	if (sp < need || act->handler >= USER_TOP ||
	    !(act->flags & SA_RESTORER))
		return false;
	sp = ROUND_DOWN(sp - fp_bytes, 64);
	at = ROUND_DOWN(sp - sizeof(f), 16) - 8;
	f.info = *info;
	frame_fill(&f, t, tf, act, mask);
	f.uc.uc_mcontext.fpstate = sp;
	fx = fpu_capture(t);
	while (unlikely(!frame_write(at, &f, sp, fx, fp_bytes))) {
		if (user_fault_in(UPTR(at), sp + fp_bytes - at,
		    USER_WRITE) != 0)
			return false;
		fx = fpu_capture(t);	/* a switch may have saved over it */
	}
	fpu_reset_for_handler(t, fx);
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

/* An FXSAVE image alone counts as x87 and SSE state. */
static void
fpu_strip_marks(struct lx_fxsave *fx, bool extended)
{
	u8 *header = (u8 *)fx + XSTATE_BV;
	u64 bv;

	memset(&fx->sw, 0, sizeof(fx->sw));
	if (fpu_xcr0 == 0)
		return;
	memcpy(&bv, header, sizeof(bv));
	bv = extended ? bv & fpu_xcr0 : 3;
	memset(header, 0, XSTATE_HEADER_BYTES);
	memcpy(header, &bv, sizeof(bv));
}

/*
 * Load what stands at the user's address; false if it is no such state. It is
 * looked at in a buffer of its own: the thread's save area belongs to context
 * switches.
 */
static bool
fpu_reload(uptr_t from)
{
	u8 buf[FPU_STATE_MAX + 64] aligned(64);
	struct fpu_state *st = (struct fpu_state *)buf;
	struct lx_fxsave *fx = (struct lx_fxsave *)buf;
	usize len = fpu_frame_bytes();
	bool extended;
	u32 magic2;

	if (from.addr == 0) {
		memset(buf, 0, sizeof(buf));
		fpu_init_state(st);
		fpu_restore(st);
		return true;
	}
	if (from.addr & 63)
		return false;
	if (unlikely(copy_in_nofault(buf, from, len) != len) &&
	    copy_in(buf, from, len) != 0)
		return false;
	memcpy(&magic2, (u8 *)fx + fpu_state_bytes, sizeof(magic2));
	extended = fx->sw.magic1 == FP_XSTATE_MAGIC1 &&
	    fx->sw.xstate_size == fpu_state_bytes &&
	    magic2 == FP_XSTATE_MAGIC2;
	fpu_strip_marks(fx, extended);
	if (!fpu_state_is_valid(st))
		return false;
	fpu_restore(st);
	return true;
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
