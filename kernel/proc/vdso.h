/*
 * The vDSO's clock: to be told when the wall clock is set.
 */
#pragma once

void	vdso_update(void);
