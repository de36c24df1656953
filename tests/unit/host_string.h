/*
 * kernel/lib/string.c on the host, where the C library has the same names:
 * its functions get the prefix kl_; strlcpy, strlcat and mem_is_zero, which
 * the C library may lack, keep their names for the other sources.
 */
#pragma once

#include "kernel/lib/types.h"

void	*kl_memcpy(void *restrict to, const void *restrict from, usize len);
void	*kl_memmove(void *to, const void *from, usize len);
void	*kl_memset(void *to, int byte, usize len);
int	kl_memcmp(const void *a, const void *b, usize len);
void	*kl_memchr(const void *data, int byte, usize len);
usize	kl_strlen(const char *s);
usize	kl_strnlen(const char *s, usize max);
int	kl_strcmp(const char *a, const char *b);
int	kl_strncmp(const char *a, const char *b, usize max);
char	*kl_strchr(const char *s, int c);
char	*kl_strrchr(const char *s, int c);
char	*kl_strstr(const char *s, const char *what);
usize	strlcpy(char *to, const char *from, usize size);
usize	strlcat(char *to, const char *from, usize size);
bool	mem_is_zero(const void *data, usize len);
