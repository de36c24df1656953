/*
 * Intrusive lists: struct list, a circular doubly linked one; struct slist, a
 * singly linked stack; struct hlist, a hash chain whose readers may run under
 * RCU while one writer, holding the chain's lock, changes it.
 *
 * None of them takes a lock. A node embedded in an object is on one list at
 * most; a struct list node that is on none points at itself.
 */
#pragma once

#include "kernel/lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)		{ &(name), &(name) }

static always_inline void
list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static always_inline bool
list_is_empty(const struct list *head)
{
	return head->next == head;
}

/* Put node between two neighbours. */
static always_inline void
list_link(struct list *node, struct list *prev, struct list *next)
{
	next->prev = node;
	node->next = next;
	node->prev = prev;
	prev->next = node;
}

static always_inline void
list_push_front(struct list *head, struct list *node)
{
	list_link(node, head, head->next);
}

static always_inline void
list_push_back(struct list *head, struct list *node)
{
	list_link(node, head->prev, head);
}

/* Take node off its list and leave it pointing at itself; harmless twice. */
static always_inline void
list_remove(struct list *node)
{
	struct list *next = node->next, *prev = node->prev;

	next->prev = prev;
	prev->next = next;
	list_init(node);
}

/* Take the first node off, or return NULL. */
static always_inline struct list *
list_pop_front(struct list *head)
{
	struct list *node = head->next;

	if (node == head)
		return NULL;
	list_remove(node);
	return node;
}

/* Move every node of from, in order, to the end of to; from ends empty. */
static always_inline void
list_move_all(struct list *from, struct list *to)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* Nodes on the list; walks it. */
static inline usize
list_len(const struct list *head)
{
	usize n = 0;

	for (const struct list *l = head->next; l != head; l = l->next)
		n++;
	return n;
}

#define LIST_ENTRY(node, type, member)	CONTAINER_OF(node, type, member)

/* First, last, next and previous object, or NULL past the end. */
#define list_first(head, type, member) ({ \
	struct list *lh_ = (head), *ln_ = lh_->next; \
	ln_ == lh_ ? NULL : CONTAINER_OF(ln_, type, member); })
#define list_last(head, type, member) ({ \
	struct list *lh_ = (head), *ln_ = lh_->prev; \
	ln_ == lh_ ? NULL : CONTAINER_OF(ln_, type, member); })
#define list_next(p, head, member) ({ \
	struct list *ln_ = (p)->member.next; \
	ln_ == (head) ? NULL : CONTAINER_OF(ln_, __typeof__(*(p)), member); })
#define list_prev(p, head, member) ({ \
	struct list *ln_ = (p)->member.prev; \
	ln_ == (head) ? NULL : CONTAINER_OF(ln_, __typeof__(*(p)), member); })

/* Visit every object; the body must not take p off the list. */
#define list_for_each(p, head, member) \
	for ((p) = CONTAINER_OF((head)->next, __typeof__(*(p)), member); \
	    &(p)->member != (head); \
	    (p) = CONTAINER_OF((p)->member.next, __typeof__(*(p)), member))

/* The same, but the body may take p (and only p) off the list. */
#define list_for_each_safe(p, tmp, head, member) \
	for ((p) = CONTAINER_OF((head)->next, __typeof__(*(p)), member), \
	    (tmp) = CONTAINER_OF((p)->member.next, __typeof__(*(p)), member); \
	    &(p)->member != (head); \
	    (p) = (tmp), \
	    (tmp) = CONTAINER_OF((p)->member.next, __typeof__(*(p)), member))

/* A stack of nodes linked one way. */
struct slist_node {
	struct slist_node *next;
};

struct slist {
	struct slist_node *first;
};

static always_inline void
slist_init(struct slist *l)
{
	l->first = NULL;
}

static always_inline bool
slist_is_empty(const struct slist *l)
{
	return l->first == NULL;
}

static always_inline void
slist_push(struct slist *l, struct slist_node *node)
{
	node->next = l->first;
	l->first = node;
}

/* Take the newest node off, or return NULL. */
static always_inline struct slist_node *
slist_pop(struct slist *l)
{
	struct slist_node *node = l->first;

	if (node)
		l->first = node->next;
	return node;
}

/*
 * Push from any CPU without a lock. The only safe consumer of such a list is
 * slist_take_all: a lock-free pop of one node would suffer from ABA.
 */
static always_inline void
slist_push_atomic(struct slist *l, struct slist_node *node)
{
	struct slist_node *old = __atomic_load_n(&l->first, __ATOMIC_RELAXED);

	do {
		node->next = old;
	} while (!__atomic_compare_exchange_n(&l->first, &old, node, true,
	    __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* Take the whole stack, newest first, atomically. */
static always_inline struct slist_node *
slist_take_all(struct slist *l)
{
	return __atomic_exchange_n(&l->first, (struct slist_node *)NULL,
	    __ATOMIC_ACQUIRE);
}

/* A hash chain: the head is one pointer; pprev makes removal O(1). */
struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist {
	struct hlist_node *first;
};

static always_inline void
hlist_init(struct hlist *h)
{
	h->first = NULL;
}

static always_inline void
hlist_node_init(struct hlist_node *n)
{
	n->next = NULL;
	n->pprev = NULL;
}

static always_inline bool
hlist_is_empty(const struct hlist *h)
{
	return READ_ONCE(h->first) == NULL;
}

/* True while n is on a chain. */
static always_inline bool
hlist_is_linked(const struct hlist_node *n)
{
	return n->pprev != NULL;
}

/*
 * Publish n at the head: the node is complete before a reader can reach it.
 * The chain's writers are serialised by the caller.
 */
static always_inline void
hlist_push(struct hlist *h, struct hlist_node *n)
{
	struct hlist_node *first = h->first;

	n->next = first;
	n->pprev = &h->first;
	if (first)
		first->pprev = &n->next;
	__atomic_store_n(&h->first, n, __ATOMIC_RELEASE);
}

/*
 * Take n off. Its next pointer stays, so that a reader standing on n finds
 * its way; n may be reused or freed only after a grace period.
 */
static always_inline void
hlist_remove(struct hlist_node *n)
{
	struct hlist_node *next = n->next, **pprev = n->pprev;

	WRITE_ONCE(*pprev, next);
	if (next)
		next->pprev = pprev;
	n->pprev = NULL;
}

#define hlist_entry_or_null(n, type, member) ({ \
	__typeof__(n) hn_ = (n); \
	hn_ ? CONTAINER_OF(hn_, type, member) : NULL; })

/*
 * Visit a chain, under its lock or inside an RCU read section (x86 orders
 * dependent loads; READ_ONCE keeps the compiler honest). The body may remove
 * p, as long as p is not freed before a grace period.
 */
#define hlist_for_each(p, head, member) \
	for ((p) = hlist_entry_or_null(READ_ONCE((head)->first), \
	    __typeof__(*(p)), member); \
	    (p); \
	    (p) = hlist_entry_or_null(READ_ONCE((p)->member.next), \
	    __typeof__(*(p)), member))

/* The same for a writer whose body frees p at once. */
#define hlist_for_each_safe(p, tmp, head, member) \
	for ((p) = hlist_entry_or_null((head)->first, \
	    __typeof__(*(p)), member); \
	    (p) && ((tmp) = (p)->member.next, true); \
	    (p) = hlist_entry_or_null(tmp, __typeof__(*(p)), member))
