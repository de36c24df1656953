# Hardtack.
#
#	make qemu	build all, boot in the emulator, shell on the terminal
#	make test	every kind of test, short form
#	make help	the other targets
#
# V=1 shows the commands. DEBUG=1 builds the debug kernel (lockdep, red zones,
# poisoning) in build/debug; everything else is the same.

DEBUG	?= 0
V	?= 0
Q	:= $(if $(filter 1,$(V)),,@)
O	:= build$(if $(filter 1,$(DEBUG)),/debug)
CC	:= gcc
CLANG	:= clang
LD	:= ld

KCFLAGS	:= -std=gnu11 -ffreestanding -mcmodel=kernel -mno-red-zone \
	-mgeneral-regs-only -fno-pic -fno-pie -O2 -g \
	-Wall -Wextra -Werror -Wno-unused-parameter -Wmissing-prototypes \
	-fno-omit-frame-pointer -fno-strict-aliasing -fno-strict-overflow \
	-fno-delete-null-pointer-checks -fno-common \
	-mstack-protector-guard=global -fstack-protector-strong \
	-I. -Ibuild/gen $(if $(filter 1,$(DEBUG)),-DHARDTACK_DEBUG)
# gcc also tells each object's frames and calls (.ci), for the stack analyzer.
CIFLAGS	:= -fcallgraph-info=su,da
KASFLAGS := -D__ASSEMBLY__ -I. -Ibuild/gen -g

# Every kernel source, by its place: nothing is listed by hand.
CSRC	:= $(sort $(wildcard boot/*.c kernel/*.c kernel/*/*.c fs/*/*.c \
	net/*/*.c drivers/*/*.c drivers/*/*/*.c))
ASRC	:= $(sort $(wildcard boot/*.S kernel/*/*.S drivers/*/*.S))
OBJS	:= $(CSRC:%.c=$O/%.o) $(ASRC:%.S=$O/%.S.o)
CI	:= $(CSRC:%.c=$O/%.ci)
BC	:= $(CSRC:%.c=build/bitcode/%.bc)

# gcc spells one warning switch that clang 14 does not know.
CLANGFLAGS := $(filter-out -mstack-protector-guard=global,$(KCFLAGS)) \
	-Wthread-safety -Wno-unknown-warning-option

.PHONY: all kernel bitcode style help clean FORCE
all: kernel

kernel: $O/kernel.elf

# The kernel is linked twice: the first time to learn its symbols' addresses,
# which the second carries for backtraces.
$O/kernel.elf: $O/kernel.pass1 $O/gen/ksyms.o boot/kernel.ld
	@echo '  LD      $@'
	$(Q)$(LD) -T boot/kernel.ld -z max-page-size=0x1000 -z noexecstack \
	    --no-warn-rwx-segments --build-id=none \
	    -o $@ $(OBJS) $O/gen/ksyms.o

$O/kernel.pass1: $(OBJS) boot/kernel.ld
	@echo '  LD      $@'
	$(Q)$(LD) -T boot/kernel.ld -z max-page-size=0x1000 -z noexecstack \
	    --no-warn-rwx-segments --build-id=none -o $@ $(OBJS)

$O/gen/ksyms.o: $O/kernel.pass1 tools/ksyms
	@mkdir -p $(@D)
	$(Q)nm -n $< | tools/ksyms > $O/gen/ksyms.S
	$(Q)$(CC) $(KASFLAGS) -c -o $@ $O/gen/ksyms.S

$O/%.o $O/%.ci: %.c
	@mkdir -p $(@D)
	@echo '  CC      $O/$*.o'
	$(Q)$(CC) $(KCFLAGS) $(CIFLAGS) -MMD -c -o $O/$*.o $<

$O/%.S.o: %.S
	@mkdir -p $(@D)
	@echo '  AS      $@'
	$(Q)$(CC) $(KASFLAGS) -MMD -c -o $@ $<

-include $(OBJS:.o=.d)

# The same sources through clang: bitcode for the analyzer, one file each.
bitcode: $(BC)
build/bitcode/%.bc: %.c
	@mkdir -p $(@D)
	@echo '  BC      $@'
	$(Q)$(CLANG) $(CLANGFLAGS) -DHARDTACK_ANALYZE -O0 -Xclang \
	    -disable-O0-optnone -MMD -emit-llvm -c -o $@ $<
-include $(BC:.bc=.d)

style:
	tools/style

print-%:
	@echo '$($*)'

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

clean:
	rm -rf build

-include kernel/proc/vdso/vdso.mk
-include drivers/console/font.mk
-include user/user.mk tools/image.mk tools/bench.mk tools/test.mk
-include tests/unit/unit.mk tests/model/model.mk
-include tools/bounds/bounds.mk tests/bounds/bounds-test.mk
