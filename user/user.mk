# User space: static programs against Debian's musl. Included by the top Makefile.

MUSL_CC		:= musl-gcc
USER_CFLAGS	:= -std=gnu11 -O2 -g -Wall -Wextra -Werror -fno-pie -I. \
		   -idirafter build/user/kernel-headers
USER_LDFLAGS	:= -static -no-pie -s

# What is in the root file system, and where beside the usual places.
USER_PROGRAMS	:= build/user/busybox build/user/init
USER_FILES	:=

.PHONY: user
user: $(USER_PROGRAMS)

build/user/kernel-headers: tools/kernel-headers | need
	tools/kernel-headers $@
	@touch $@

# From Debian's source package, fetched once.
build/user/busybox: user/busybox/config tools/build-busybox | need
	@mkdir -p $(@D)
	tools/build-busybox $@

build/user/init: $(wildcard user/init/*.[ch]) | need build/user/kernel-headers
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $(filter %.c,$^)

# Measures the kernel's calls; see tests/kbench/.
ifneq ($(wildcard tests/kbench/kbench.c),)
USER_PROGRAMS	+= build/user/kbench
USER_FILES	+= build/user/kbench:/bench/kbench
build/user/kbench: tests/kbench/kbench.c | need build/user/kernel-headers
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) -Wno-unused-result $(USER_LDFLAGS) -o $@ $< \
		-lpthread
endif
