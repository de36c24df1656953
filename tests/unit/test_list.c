/*
 * Lists.
 */
#include "tests/unit/unit.h"

#include "kernel/lib/list.h"

struct item {
	int v;
	struct list node;
	struct slist_node snode;
	struct hlist_node hnode;
};

static int
sum_list(struct list *head)
{
	struct item *p;
	int n = 0;

	list_for_each(p, head, node)
		n = n * 10 + p->v;
	return n;
}

static void
test_order(void)
{
	struct list head = LIST_INIT(head), other;
	struct item it[5], *p, *tmp;

	for (int i = 0; i < 5; i++)
		it[i].v = i + 1;
	CHECK(list_is_empty(&head));
	CHECK(list_first(&head, struct item, node) == NULL);
	list_push_back(&head, &it[1].node);
	list_push_back(&head, &it[2].node);
	list_push_front(&head, &it[0].node);
	CHECK_EQ(sum_list(&head), 123);
	CHECK_EQ(list_len(&head), 3);
	CHECK(list_first(&head, struct item, node) == &it[0]);
	CHECK(list_last(&head, struct item, node) == &it[2]);
	CHECK(list_next(&it[0], &head, node) == &it[1]);
	CHECK(list_next(&it[2], &head, node) == NULL);
	CHECK(list_prev(&it[0], &head, node) == NULL);
	list_init(&other);
	list_push_back(&other, &it[3].node);
	list_push_back(&other, &it[4].node);
	list_move_all(&other, &head);
	CHECK(list_is_empty(&other));
	CHECK_EQ(sum_list(&head), 12345);
	list_move_all(&other, &head);
	CHECK_EQ(sum_list(&head), 12345);
	list_for_each_safe(p, tmp, &head, node)
		if (p->v % 2)
			list_remove(&p->node);
	CHECK_EQ(sum_list(&head), 24);
	list_remove(&it[0].node);
	CHECK(list_is_empty(&it[0].node));
	CHECK(list_pop_front(&head) == &it[1].node);
	CHECK(list_pop_front(&head) == &it[3].node);
	CHECK(list_pop_front(&head) == NULL);
}

static void
test_slist(void)
{
	struct slist s;
	struct item it[3];
	struct slist_node *n;

	slist_init(&s);
	CHECK(slist_pop(&s) == NULL);
	slist_push(&s, &it[0].snode);
	slist_push(&s, &it[1].snode);
	slist_push_atomic(&s, &it[2].snode);
	CHECK(slist_pop(&s) == &it[2].snode);
	n = slist_take_all(&s);
	CHECK(slist_is_empty(&s));
	CHECK(n == &it[1].snode && n->next == &it[0].snode);
}

static void
test_hlist(void)
{
	struct hlist h;
	struct hlist_node *tmp;
	struct item it[4], *p;
	int n = 0;

	hlist_init(&h);
	for (int i = 0; i < 4; i++) {
		it[i].v = i;
		hlist_node_init(&it[i].hnode);
		CHECK(!hlist_is_linked(&it[i].hnode));
		hlist_push(&h, &it[i].hnode);
	}
	hlist_remove(&it[1].hnode);
	hlist_remove(&it[3].hnode);
	hlist_for_each(p, &h, hnode)
		n = n * 10 + p->v;
	CHECK_EQ(n, 20);
	/* A reader that stands on a removed node finds its way. */
	CHECK(it[3].hnode.next == &it[2].hnode);
	hlist_for_each_safe(p, tmp, &h, hnode)
		hlist_remove(&p->hnode);
	CHECK(hlist_is_empty(&h));
}

UNIT_MAIN("list", { "order", test_order }, { "slist", test_slist },
    { "hlist", test_hlist })
