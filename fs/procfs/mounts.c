/*
 * Files that another folder gives line by line: /proc/PID/mounts and mountinfo
 * (as current sees them), and the block devices'.
 */
#include "fs/procfs/procfs_priv.h"
#include "kernel/dev/block.h"

static int
show_lines(struct ptext *t, struct pctx *c,
    int (*line)(u32 i, char *buf, usize len))
{
	int n;

	for (u32 i = 0; (n = line(i, c->scratch, PAGE_SIZE)) > 0; i++)
		pt_add(t, c->scratch, n);
	return 0;
}

int
show_mounts(struct ptext *t, struct pctx *c)
{
	return show_lines(t, c, mounts_line);
}

int
show_mountinfo(struct ptext *t, struct pctx *c)
{
	return show_lines(t, c, mountinfo_line);
}

int
show_diskstats(struct ptext *t, struct pctx *c)
{
	return show_lines(t, c, block_diskstats_line);
}

int
show_partitions(struct ptext *t, struct pctx *c)
{
	return show_lines(t, c, block_partitions_line);
}

int
show_block(struct ptext *t, struct pctx *c)
{
	return show_lines(t, c, block_report_line);
}
