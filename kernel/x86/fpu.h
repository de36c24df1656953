/*
 * The FPU and vector state of user threads, by XSAVE (SDM 1 chapter 13).
 * XCR0 is masked so that the state fits in FPU_STATE_MAX bytes.
 */
#pragma once

#include "kernel/lib/types.h"

#define FPU_STATE_MAX		3072
struct fpu_state;			/* 64-byte aligned */

extern u32 fpu_state_bytes;		/* [I] size of the standard format */
extern u64 fpu_xcr0;			/* [I] features in use; 0: FXSAVE */

/* What a new program starts with. */
void	fpu_init_state(struct fpu_state *st);
/*
 * Write the running thread's registers into st (standard format; st was made by
 * fpu_init_state() or was saved before, so that its header is clean) / load
 * them: for fork, signals, exec. A thread may be switched out between, but not
 * during, which interrupts cannot cause.
 */
void	fpu_save(struct fpu_state *st);
void	fpu_restore(const struct fpu_state *st);
/* Load what a new program starts with into the registers. */
void	fpu_reset(void);
/* True if st, which came from user space, can be loaded without a fault. */
bool	fpu_state_is_valid(const struct fpu_state *st);
