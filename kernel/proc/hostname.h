/*
 * The host's name, of sethostname(2) and uname(2).
 */
#pragma once

#include "kernel/lib/types.h"

#define HOSTNAME_LEN	64

/* Ended by NUL, cut to len. */
void	hostname_read(char *buf, usize len);
/* -EINVAL when it is too long. */
int	hostname_write(const char *name, usize len);
