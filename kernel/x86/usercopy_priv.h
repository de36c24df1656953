/*
 * Only for kernel/x86.
 */
#pragma once

/* Take STAC and CLAC out where there is no SMAP; while text is writable. */
void	usercopy_patch(void);
