/*
 * Structure types as C knows them, and the slots inside of them: the places
 * where pointers can be. types.c has the theory.
 */
#pragma once

#include "tools/bounds/prog.h"

struct member {
	const char	*name;		/* "" for an unnamed one */
	LLVMMetadataRef	type;
	uint64_t	off;
};

/* A structure or union with a tag (or a typedef's name in its stead). */
struct ctype {
	const char	*name;
	LLVMMetadataRef	di;
	struct src	at;
	struct ctype	*same;		/* stands for it, or NULL */
	int		has_fp;		/* 1 yes, 0 no, -1 not known yet */
	int		token;		/* flow.c */
};

struct slot {
	struct ctype	*type;		/* NULL: in an object without a tag */
	uint64_t	off;
};

/* Read the debug information of all modules. */
void	types_load(void);
/* Offset and size as the target lays them out. */
uint64_t types_offset(LLVMTypeRef st, unsigned element);
uint64_t types_size(LLVMTypeRef t);

/* The type of a structure with a tag (looks into arrays), or NULL. */
struct ctype *types_of(struct module *m, LLVMTypeRef t);
/* All types of that tag, in the order of the modules; NULL: no more. */
struct ctype *types_named(const char *name, int i);
/* The debug type of a global variable, or NULL. */
LLVMMetadataRef types_of_global(LLVMValueRef g);
/* The structure that debug type t is (or is an array of), or NULL. */
struct ctype *types_of_debug(LLVMMetadataRef t);
/* The same, but not through arrays. */
struct ctype *types_of_exactly(LLVMMetadataRef t);

/*
 * The slots at offset off in an object of debug type t; at most max (more than
 * one in unions only). Returns how many.
 */
int	types_locate(LLVMMetadataRef t, uint64_t off, struct slot *out,
	    int max);
/* inner, or an array of it, stands at off in outer (or is outer). */
bool	types_embeds(struct ctype *outer, uint64_t off, struct ctype *inner);
/* A function pointer stands anywhere in it. */
bool	types_has_fp(struct ctype *t);
/* "read", "inner.fn"; NULL: no member there. */
const char *types_member_at(struct ctype *t, uint64_t off);
/* The offset of a member by that name; false: none. */
bool	types_member_offset(struct ctype *t, const char *path, uint64_t *off);
/* The slot is one that C declares as a function pointer. */
bool	types_slot_is_fp(struct slot at);
