/*
 * The kernel log: a lock-free ring of records that any context may write,
 * read by dmesg (syslog(2)), /dev/kmsg and the consoles.
 */
#pragma once

#include "kernel/lib/types.h"

enum log_level {		/* syslog(2) */
	LOG_EMERG, LOG_ALERT, LOG_CRIT, LOG_ERR,
	LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG,
};

/* One line, without a newline. Any context, NMI included. */
void	klog(enum log_level level, const char *fmt, ...) printf_like(2, 3);

#define kerr(...)	klog(LOG_ERR, __VA_ARGS__)
#define kwarn(...)	klog(LOG_WARNING, __VA_ARGS__)
#define kinfo(...)	klog(LOG_INFO, __VA_ARGS__)
#define kdebug(...)	klog(LOG_DEBUG, __VA_ARGS__)

/*
 * A sink gets each line of level <= its max_level and log_console_level, whole
 * ("[    1.234567] text\n"), in order, one writer at a time, at once, in the
 * context of some logging CPU (any). write() must not sleep or take a lock that
 * can be held when a line is logged under it, and must not log. When it is
 * added it gets all earlier lines first. In a panic (panic_under_way) it must
 * not wait for locks.
 */
struct log_sink {
	struct log_sink	*next;
	enum log_level	max_level;
	void		(*write)(const char *text, usize len);
};
void	log_add_sink(struct log_sink *sink);
extern enum log_level log_console_level;	/* the most verbose shown */

/* Obey loglevel=N (shows levels below N, as Linux) and quiet. */
void	log_init(const char *cmdline);

/* Text straight to all sinks, past the ring: for the panic dump. */
void	log_emit(const char *text, usize len);
/* From now on nobody waits for the console, and every level is shown. */
void	log_enter_panic(void);

/*
 * Copy formatted records ("<level>[seconds] text\n") starting with sequence
 * number *seq into buf; advances *seq. Returns bytes written, 0 at the end.
 * Records overwritten meanwhile are skipped.
 */
usize	log_read(u64 *seq, char *buf, usize len);
u64	log_first_seq(void);
u64	log_next_seq(void);
#define LOG_LINE_MAX	384		/* a formatted record with its prefix */

/* "boot: <step> 12.3 ms": the time since the previous mark. Boot CPU only. */
void	log_boot_step(const char *step);
