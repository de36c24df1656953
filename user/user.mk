# User space: static programs against Debian's musl.
# Included by the top Makefile.

MUSL_CC		:= musl-gcc
USER_CFLAGS	:= -std=gnu11 -O2 -g -Wall -Wextra -Werror -fno-pie -I. \
		   -idirafter build/user/kernel-headers
USER_LDFLAGS	:= -static -no-pie -s

# What is in the root file system (tools/mkroot knows where), and what else may
# be: HOSTPATH:GUESTPATH.
USER_PROGRAMS	:= build/user/busybox build/user/init
USER_FILES	:=

.PHONY: user
user: $(USER_PROGRAMS)

build/user/kernel-headers: tools/kernel-headers
	tools/kernel-headers $@
	@touch $@

# From Debian's source package, fetched once.
build/user/busybox: user/busybox/config tools/build-busybox
	@mkdir -p $(@D)
	tools/build-busybox $@

build/user/init: $(wildcard user/init/*.[ch]) | build/user/kernel-headers
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $(filter %.c,$^)
