# Images: the root file system, the boot image, and running them.
# Included by the top Makefile, after user/user.mk. See tools/README.md.

ROOT_CPIO	:= build/root.cpio
ISO		:= build/hardtack.iso
KERNEL_ELF	:= build/kernel.elf
DEBUG_ELF	:= build/debug/kernel.elf

.PHONY: need root iso qemu qemu-gdb run-qemu run-qemu-gdb

# Install the Debian packages that are missing, saying which. What people call
# needs them before make can even look at the rest: hence the second make.
need:
	@tools/need

iso: need
	@$(MAKE) --no-print-directory $(ISO)
qemu: need
	@$(MAKE) --no-print-directory run-qemu
qemu-gdb: need
	@$(MAKE) --no-print-directory run-qemu-gdb

root: $(ROOT_CPIO)

$(ROOT_CPIO): tools/mkroot tools/newc.py $(wildcard user/etc/*) \
    $(USER_PROGRAMS)
	tools/mkroot $@ $(USER_FILES)

$(ISO): $(KERNEL_ELF) $(ROOT_CPIO) tools/mkiso tools/grub/grub.cfg
	tools/mkiso $@ $(KERNEL_ELF) $(ROOT_CPIO)

run-qemu: $(ISO)
	@tools/run-qemu $(QEMUFLAGS)

# The debug kernel, waiting for gdb; prints how to start that.
run-qemu-gdb: $(DEBUG_ELF) $(ROOT_CPIO)
	@tools/run-qemu --debug --gdb $(QEMUFLAGS)

ifneq ($(DEBUG),1)
$(DEBUG_ELF): FORCE
	@$(MAKE) --no-print-directory DEBUG=1 kernel
endif
