/*
 * The symbol table of the first link: empty. The second link has the real one
 * (tools/ksyms), whose strong symbols win over these.
 */
	.section .ksyms, "a"
	.balign	8
	.weak	ksyms_addresses, ksyms_count, ksyms_names
ksyms_count:	.long	0
ksyms_addresses:
ksyms_names:	.long	0
