/*
 * The kernel log.
 *
 * A ring of fixed slots. A writer takes the next one to three numbers by one
 * atomic addition and fills slot number % LOG_SLOTS for each; it needs no lock,
 * so an NMI may log on top of anything. A slot's seq says what it holds: number
 * + 1 when complete, SLOT_BUSY while it is written. A reader copies a slot and
 * looks at seq again, so it sees a whole record or none.
 *
 * Consoles are fed by whoever gets console_busy; others leave their lines in
 * the ring for it. It looks once more after it let go, so that no line is left
 * behind: a writer completes its slot before it tries console_busy.
 *
 * Invariants: I1 a slot is written only by who moved its seq to SLOT_BUSY.
 *	I2 lines reach a sink in number order, under console_busy.
 * If a writer is lapped (a whole ring was logged while it filled one slot), the
 * later one finds the slot busy and drops its line.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/clock.h"

#define LOG_SLOTS		1024
#define SLOT_TEXT		108
#define SLOTS_MAX		3	/* of one line */
#define LINE_MAX		(SLOTS_MAX * SLOT_TEXT)
#define SLOT_BUSY		BIT(63)
#define SLOT_FIRST		1	/* flags: a line begins here */
#define SLOT_LAST		2	/* it ends here */

struct log_slot {
	u64	seq;			/* [a] number + 1, or SLOT_BUSY */
	u64	time_ns;
	u8	level, flags, len, spare;
	char	text[SLOT_TEXT];
};
_Static_assert(sizeof(struct log_slot) == 128, "two cache lines");

struct line {
	enum log_level	level;
	u64		time_ns;
	usize		len;
	char		text[LINE_MAX];
};

static struct log_slot log_slots[LOG_SLOTS] aligned(128);
static u64 log_head;			/* [a] next number */
static u64 log_dropped;			/* [a] lines lost to busy slots */
static struct log_sink *log_sinks;	/* [a] grows only */
static u32 console_busy;		/* [a] */
static u64 console_seq;			/* [console_busy] next to show */
static bool log_panic;

enum log_level log_console_level = LOG_INFO;

static inline u64
slot_seq(u64 number)
{
	return atomic_load_acquire(&log_slots[number % LOG_SLOTS].seq);
}

static void
slot_write(u64 number, enum log_level level, u64 now, u8 flags,
    const char *text, usize len)
{
	struct log_slot *s = &log_slots[number % LOG_SLOTS];
	u64 old = atomic_load_relaxed(&s->seq);

	if (old & SLOT_BUSY || !atomic_try_cmpxchg(&s->seq, &old, SLOT_BUSY)) {
		atomic_inc(&log_dropped);
		return;
	}
	s->time_ns = now;
	s->level = (u8)level;
	s->flags = flags;
	s->len = (u8)len;
	memcpy(s->text, text, len);
	atomic_store_release(&s->seq, number + 1);
}

/* Append slot number to line. False if it is not there (yet, or any more). */
static bool
slot_read(u64 number, struct line *line, u8 *flags)
{
	const struct log_slot *s = &log_slots[number % LOG_SLOTS];
	usize len;

	if (slot_seq(number) != number + 1)
		return false;
	len = MIN((usize)s->len, (usize)SLOT_TEXT);
	*flags = s->flags;
	if (*flags & SLOT_FIRST) {
		line->level = (enum log_level)s->level;
		line->time_ns = s->time_ns;
		line->len = 0;
	}
	if (line->len + len > LINE_MAX)
		return false;
	memcpy(line->text + line->len, s->text, len);
	line->len += len;
	smp_rmb();
	return atomic_load_relaxed(&s->seq) == number + 1;
}

/*
 * Get the first whole line at or after *seq, and move *seq past it. False when
 * there is none yet. Slots that were overwritten or dropped are passed over.
 */
static bool
line_read(u64 *seq, struct line *line)
{
	u64 head = atomic_load_acquire(&log_head);
	u64 n = *seq;
	u8 flags = 0;
	bool inside = false;

	if (head > LOG_SLOTS && n < head - LOG_SLOTS)
		n = head - LOG_SLOTS;
	for (; n < head; n++) {
		if (!slot_read(n, line, &flags)) {
			/* Not complete yet, unless a later turn has it. */
			u64 now = slot_seq(n);

			if (now & SLOT_BUSY || now < n + 1)
				return false;
			inside = false;
			continue;
		}
		if (flags & SLOT_FIRST)
			inside = true;
		if (inside && flags & SLOT_LAST) {
			*seq = n + 1;
			return true;
		}
	}
	return false;
}

static usize
line_format(const struct line *line, char *buf, usize size)
{
	u64 us = line->time_ns / 1000;

	return (usize)kscnprintf(buf, size, "[%5llu.%06llu] %.*s\n",
	    (unsigned long long)(us / 1000000),
	    (unsigned long long)(us % 1000000), (int)line->len, line->text);
}

static void
sinks_write(const struct line *line)
{
	char text[LOG_LINE_MAX];
	usize len = line_format(line, text, sizeof(text));

	for (struct log_sink *s = atomic_load_acquire(&log_sinks); s != NULL;
	    s = s->next)
		if (log_panic || (line->level <= s->max_level &&
		    line->level <= log_console_level))
			s->write(text, len);
}

/* Show what is new, unless somebody is at it. */
static void
log_flush(void)
{
	struct line line;
	u64 seen;

	do {
		if (atomic_load_acquire(&log_sinks) == NULL ||
		    atomic_xchg(&console_busy, 1))
			return;
		while (line_read(&console_seq, &line))
			sinks_write(&line);
		seen = console_seq;
		atomic_store(&console_busy, 0);
	} while (seen < atomic_load(&log_head) &&
	    slot_seq(seen) == seen + 1);
}

static void
log_line(enum log_level level, const char *text, usize len)
{
	u32 slots = len == 0 ? 1 : (u32)DIV_UP(len, SLOT_TEXT);
	u64 now = clock_now_ns();
	u64 number = atomic_fetch_add(&log_head, slots);

	for (u32 i = 0; i < slots; i++) {
		usize part = MIN(len, (usize)SLOT_TEXT);
		u8 flags = (i == 0 ? SLOT_FIRST : 0) |
		    (i == slots - 1 ? SLOT_LAST : 0);

		slot_write(number + i, level, now, flags, text, part);
		text += part;
		len -= part;
	}
}

void
klog(enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX + 1];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = MIN(len, LINE_MAX);
	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (int i = 0; i < len; i++)	/* one record is one line */
		if (text[i] == '\n')
			text[i] = ' ';
	log_line(level, text, (usize)len);
	log_flush();
}

void
log_add_sink(struct log_sink *sink)
{
	struct line line;
	char text[LOG_LINE_MAX];
	u64 seq = 0;

	while (atomic_xchg(&console_busy, 1))
		__asm__ volatile("pause");
	if (log_sinks == NULL)
		while (line_read(&console_seq, &line))
			;
	while (seq < console_seq && line_read(&seq, &line))
		if (line.level <= sink->max_level &&
		    line.level <= log_console_level)
			sink->write(text, line_format(&line, text,
			    sizeof(text)));
	sink->next = log_sinks;
	atomic_store_release(&log_sinks, sink);
	atomic_store(&console_busy, 0);
	log_flush();
}

void
log_init(const char *cmdline)
{
	u64 level = cmdline_u64(cmdline, "loglevel", LOG_INFO + 1);

	if (cmdline_has(cmdline, "quiet"))
		level = LOG_WARNING + 1;
	level = MIN(MAX(level, 1ul), (u64)LOG_DEBUG + 1);
	log_console_level = (enum log_level)(level - 1);
}

void
log_emit(const char *text, usize len)
{
	for (struct log_sink *s = atomic_load_acquire(&log_sinks); s != NULL;
	    s = s->next)
		s->write(text, len);
}

void
log_enter_panic(void)
{
	atomic_store(&console_busy, 0);
	log_flush();
	log_panic = true;
}

usize
log_read(u64 *seq, char *buf, usize len)
{
	struct line line;
	usize used = 0;
	u64 next = *seq;

	while (line_read(&next, &line)) {
		char text[LOG_LINE_MAX];
		usize n = (usize)kscnprintf(text, sizeof(text), "<%d>",
		    line.level);

		n += line_format(&line, text + n, sizeof(text) - n);
		if (used + n > len)
			break;
		memcpy(buf + used, text, n);
		used += n;
		*seq = next;
	}
	return used;
}

u64
log_first_seq(void)
{
	u64 head = atomic_load_acquire(&log_head);

	return head > LOG_SLOTS ? head - LOG_SLOTS : 0;
}

u64
log_next_seq(void)
{
	return atomic_load_acquire(&log_head);
}

/*
 * Steps before the clock is calibrated are kept, as TSC values, and told when
 * it is.
 */
#define EARLY_STEPS		8

void
log_boot_step(const char *step)
{
	static struct { const char *name; u64 tsc; } kept[EARLY_STEPS];
	static u32 nkept;
	static u64 last_ns;		/* 0: the loader's hand-over */
	u64 now;

	if (clock_scale.mult == 0) {
		if (nkept < EARLY_STEPS) {
			kept[nkept].name = step;
			kept[nkept++].tsc = cpu_rdtsc();
		}
		return;
	}
	now = clock_now_ns();
	for (u32 i = 0; i <= nkept; i++) {
		u64 at = i == nkept ? now :
		    (u64)((unsigned __int128)(kept[i].tsc -
		    clock_scale.tsc_base) * clock_scale.mult >>
		    clock_scale.shift);
		u64 us = (at - last_ns) / 1000;

		kinfo("boot: %-10s %3llu.%03llu ms", i == nkept ? step :
		    kept[i].name, (unsigned long long)(us / 1000),
		    (unsigned long long)(us % 1000));
		last_ns = at;
	}
	nkept = 0;
}
