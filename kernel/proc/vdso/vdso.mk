# The vDSO, embedded in the kernel by kernel/proc/vdso_image.S. Included by the
# top Makefile.

VDSO_CFLAGS	:= -std=gnu11 -O2 -Wall -Wextra -Werror -ffreestanding -fPIC \
	-fvisibility=hidden -fno-stack-protector \
	-fno-asynchronous-unwind-tables \
	-fcf-protection=none -fno-tree-switch-conversion -fno-jump-tables \
	-mgeneral-regs-only -I.
VDSO_LDFLAGS	:= -shared -nostdlib -Wl,-soname=linux-vdso.so.1 \
	-Wl,--hash-style=both -Wl,--build-id=none -Wl,-z,noexecstack \
	-Wl,-Bsymbolic -Wl,-z,max-page-size=4096 -s

build/vdso.so: kernel/proc/vdso/vdso.c kernel/proc/vdso/vdso.lds \
    kernel/proc/vdso/vvar.h
	@mkdir -p $(@D)
	$(CC) $(VDSO_CFLAGS) $(VDSO_LDFLAGS) -Wl,-T,kernel/proc/vdso/vdso.lds \
	    -o $@ $<

$O/kernel/proc/vdso_image.S.o: build/vdso.so
