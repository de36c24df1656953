/*
 * Mount options. What is only a wish about speed, or says what is so anyway, is
 * accepted and means nothing; what is not known is refused.
 */
#include "fs/ext/ext_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/trace/log.h"

#define COMMIT_MAX_S	300u
#define OPTION_LEN	48

/* Options without a number; set and clear are bits of fs->opt. */
static const struct {
	const char	*text;
	u32		set, clear;
} words[] = {
	{ "errors=continue", EXT_OPT_ERRORS_CONTINUE, EXT_OPT_ERRORS_PANIC },
	{ "errors=remount-ro", 0,
	    EXT_OPT_ERRORS_CONTINUE | EXT_OPT_ERRORS_PANIC },
	{ "errors=panic", EXT_OPT_ERRORS_PANIC, EXT_OPT_ERRORS_CONTINUE },
	{ "noload", EXT_OPT_NOLOAD, 0 },
	{ "norecovery", EXT_OPT_NOLOAD, 0 },
	{ "barrier", 0, EXT_OPT_NOBARRIER },
	{ "barrier=1", 0, EXT_OPT_NOBARRIER },
	{ "barrier=0", EXT_OPT_NOBARRIER, 0 },
	{ "nobarrier", EXT_OPT_NOBARRIER, 0 },
	{ "ro", 0, 0 }, { "rw", 0, 0 }, { "defaults", 0, 0 },
	{ "data=ordered", 0, 0 },
	{ "acl", 0, 0 }, { "noacl", 0, 0 },
	{ "user_xattr", 0, 0 }, { "nouser_xattr", 0, 0 },
	{ "delalloc", 0, 0 }, { "discard", 0, 0 }, { "nodiscard", 0, 0 },
	{ "auto_da_alloc", 0, 0 }, { "noauto_da_alloc", 0, 0 },
	{ "grpid", 0, 0 }, { "nogrpid", 0, 0 }, { "i_version", 0, 0 },
	{ "block_validity", 0, 0 }, { "noblock_validity", 0, 0 },
	{ "relatime", 0, 0 }, { "lazytime", 0, 0 }, { "nolazytime", 0, 0 },
};

static bool
word_known(struct ext_fs *fs, const char *one)
{
	for (u32 i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].text, one) != 0)
			continue;
		WRITE_ONCE(fs->opt, (fs->opt & ~words[i].clear) |
		    words[i].set);
		return true;
	}
	return false;
}

static bool
commit_known(struct ext_fs *fs, const char *one)
{
	const char *end;
	u64 n;

	if (!str_has_prefix(one, "commit=") ||
	    parse_u64(one + 7, &end, 10, &n) != 0 || *end != '\0' ||
	    n > COMMIT_MAX_S)
		return false;
	fs->commit_s = n == 0 ? EXT_COMMIT_SECONDS : (u32)n;
	return true;
}

int
ext_options_parse(struct ext_fs *fs, const char *text)
{
	char one[OPTION_LEN];

	while (text != NULL && *text != '\0') {
		usize n = 0;

		while (text[n] != '\0' && text[n] != ',')
			n++;
		(void)strlcpy(one, text, MIN(n + 1, sizeof(one)));
		if (n >= sizeof(one) || (n > 0 && !word_known(fs, one) &&
		    !commit_known(fs, one))) {
			kerr("ext4 on %s: unknown mount option \"%s\"",
			    fs->dev->name, one);
			return -EINVAL;
		}
		text += n;
		while (*text == ',')
			text++;
	}
	return 0;
}

int
ext_options_show(struct superblock *sb, char *buf, usize len)
{
	struct ext_fs *fs = ext_fs(sb);
	u32 opt = READ_ONCE(fs->opt);
	int n = kscnprintf(buf, len, "%s",
	    opt & EXT_OPT_ERRORS_PANIC ? ",errors=panic" :
	    opt & EXT_OPT_ERRORS_CONTINUE ? "" : ",errors=remount-ro");

	if (fs->commit_s != EXT_COMMIT_SECONDS)
		n += kscnprintf(buf + n, len - (usize)n, ",commit=%u",
		    fs->commit_s);
	if (opt & EXT_OPT_NOLOAD)
		n += kscnprintf(buf + n, len - (usize)n, ",norecovery");
	if (opt & EXT_OPT_NOBARRIER)
		n += kscnprintf(buf + n, len - (usize)n, ",nobarrier");
	return n;
}
