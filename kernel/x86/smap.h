/*
 * Assembly only: STAC and CLAC, listed in section .smap_sites so that
 * usercopy_patch() can turn them into NOPs on a CPU without SMAP.
 */
#pragma once

.macro SMAP_CLAC
661:	clac
	.pushsection .smap_sites, "a"
	.long	661b - .
	.popsection
.endm

.macro SMAP_STAC
662:	stac
	.pushsection .smap_sites, "a"
	.long	662b - .
	.popsection
.endm
