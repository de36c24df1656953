/*
 * The vDSO's image (vdso/vdso.c), as the kernel carries it.
 */
	.section .rodata
	.balign	16
	.globl	vdso_image, vdso_image_end
vdso_image:
	.incbin	"build/vdso.so"
vdso_image_end:
