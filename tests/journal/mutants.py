"""Faults of fs/journal that tests/host/journal-crash must catch, each an edit
of text that stands in its file once."""

MUTANTS = {
    "no-flush": dict(  # the commit block may be durable before the rest
        file="commit.c",
        old="""	if (rc == 0)
		rc = block_flush(j->dev);
""", new=""),
    "commit-first": dict(  # the same, all in one go
        file="commit.c",
        old="	for (u32 i = 0; i < last; i++)",
        new="	for (u32 i = 0; i <= last; i++)"),
    "no-fua": dict(  # durable is said too early
        file="commit.c",
        old="	j->io.rq[0].flags |= BLOCK_FUA;\n", new=""),
    "revoke-lost": dict(  # records are not written
        file="commit.c",
        old="struct staging s = { .at = revoke_stage(j, t) };",
        new="struct staging s = { .at = revoke_stage(j, t) };\n"
            "	for (u32 z = 0; z < s.at; z++)\n"
            "		be32_store(image_block(j, z) + 12, 16),\n"
            "		csum_set_tail(&j->format, image_block(j, z),\n"
            "		    j->block_bytes);"),
    "revoke-kept": dict(  # a block that is metadata again stays revoked
        file="journal.c",
        old="	revoke_cancel(t, b->block);\n", new=""),
    "revoke-newer": dict(  # a record hides later copies
        file="revoke.c",
        old="return r != NULL && !tid_after(tid, r->tid);",
        new="return r != NULL;"),
    "tail-early": dict(  # the log begins later before blocks are at home
        file="checkpoint.c",
        old="""	rc = block_flush(j->cache->dev);
	if (rc != 0)
		return rc;
	s->sequence""", new="	s->sequence"),
    "tail-unheld": dict(  # T4: before the newer copy is durable
        file="checkpoint.c",
        old="		    (g->is_held && tid_after(g->hold_tid, "
            "j->committed_tid)))",
        new="		    false)"),
    "no-escape": dict(
        file="commit.c",
        old="	be32_store(copy, 0);\n	return JBD_TAG_ESCAPE;",
        new="	return 0;"),
    "escape-forgotten": dict(  # by replay
        file="recover.c",
        old="		if (t->flags & JBD_TAG_ESCAPE)",
        new="		if (false)"),
    "home-running": dict(  # T2: written while a handle changes it
        file="checkpoint.c",
        old="	may = b->j_running == NULL && b->j_logged != NULL &&",
        new="	may = b->j_logged != NULL &&"),
    "home-counts": dict(  # T2: a write counts though it has joined
        file="checkpoint.c",
        old="w->error == 0 && b->j_gen == w->gen &&",
        new="w->error == 0 &&"),
    "unmarked": dict(  # the superblock does not know of the log
        file="commit.c",
        old="	return super_write(j);\n}", new="	return 0;\n}"),
    "given-early": dict(  # T5: freed blocks are given back before durable
        file="commit.c",
        old="	rc = journal_error(j) != 0 ? journal_error(j) :\n",
        new="	j->ops->committed(j, t->tid);\n"
            "	rc = journal_error(j) != 0 ? journal_error(j) :\n"),
    "home-late": dict(  # T5: a write home of a freed block is not awaited
        seeds=1200,
        file="commit.c",
        old="""		WAIT_EVENT(&j->home_left,
		    (READ_ONCE(b->j_flags) & J_HOME) == 0);
""", new=""),
    "seal-forgotten": dict(
        file="commit.c",
        old="			j->ops->seal(j, b);",
        new="			;"),
    "replay-order": dict(  # of a block twice in a piece, the older copy
        file="recover.c",
        old="return x->order < y->order ? -1 : x->order > y->order;",
        new="return x->index < y->index ? -1 : x->index > y->index;"),
    "empty-early": dict(  # replay marks the log empty before it is at home
        file="recover.c",
        old="""	if (rc == 0)
		rc = block_flush(j->cache->dev);
""", new=""),
    "open-handles": dict(  # a commit does not wait for its handles
        file="commit.c",
        old="	WAIT_EVENT(&j->handles_done, READ_ONCE(t->nhandles) == 0);\n",
        new=""),
}
