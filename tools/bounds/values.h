/*
 * What is known of values on a path: which integers a value can be, and how two
 * values compare. It is what tells `if (locked) spin_unlock()` on the way where
 * the lock was taken from the way where it was not.
 *
 * A set of integers is a word: a bit for each number from -31 to 30, one for
 * all above and one for all below. Pointers are 0 or not.
 */
#pragma once

#include <llvm-c/Core.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t vset;

#define VSET_ANY	(~(vset)0)
#define VSET_ZERO	((vset)1)
#define VSET_TRUE	((vset)2)
#define VSET_BOOL	(VSET_ZERO | VSET_TRUE)
#define VSET_NONZERO	(~VSET_ZERO)
#define VSET_NEGATIVE	(VSET_ANY << 32)

vset	vset_of(int64_t n);

#define VFACTS_MAX	24

/* a is in set; or, if b is not NULL, `a rel b` is true (VSET_TRUE) or not. */
enum vrel { REL_EQ, REL_ULT, REL_SLT };
struct vfact {
	LLVMValueRef	a, b;
	enum vrel	rel;
	vset		set;
};

struct vfacts {
	struct vfact	fact[VFACTS_MAX];
	int		n;
};

/* What v can be. */
vset	values_eval(const struct vfacts *k, LLVMValueRef v);
/* From here on v is in set. False: that cannot be, the path is impossible. */
bool	values_assume(struct vfacts *k, LLVMValueRef v, vset set);
/* From here on `a rel b` is truth. */
bool	values_assume_rel(struct vfacts *k, enum vrel rel, LLVMValueRef a,
	    LLVMValueRef b, bool truth);
/* What `a rel b` can be, of VSET_BOOL. */
vset	values_rel(const struct vfacts *k, enum vrel rel, LLVMValueRef a,
	    LLVMValueRef b);
/* Go from block `from` to `to`: its values begin anew, phis get theirs. */
void	values_enter(struct vfacts *k, LLVMBasicBlockRef from,
	    LLVMBasicBlockRef to);
/* Keep only what holds in `other` too. True if anything was lost. */
bool	values_weaken(struct vfacts *k, const struct vfacts *other);
