/*
 * See host_string.h.
 */
#define memcpy kl_memcpy
#define memmove kl_memmove
#define memset kl_memset
#define memcmp kl_memcmp
#define memchr kl_memchr
#define strlen kl_strlen
#define strnlen kl_strnlen
#define strcmp kl_strcmp
#define strncmp kl_strncmp
#define strchr kl_strchr
#define strrchr kl_strrchr
#define strstr kl_strstr
#include "kernel/lib/string.c"
