# Images: the root file system, the boot image, and running them.
# Included by the top Makefile, after user/user.mk. See tools/README.md.

ROOT_CPIO	:= build/root.cpio
ISO		:= build/hardtack.iso
KERNEL_ELF	?= build/kernel.elf

.PHONY: need root iso qemu qemu-gdb

# Install the Debian packages that are missing, saying which.
need:
	@tools/need

root: $(ROOT_CPIO)
iso: $(ISO)

$(ROOT_CPIO): tools/mkroot tools/newc.py $(wildcard user/etc/*) \
    $(USER_PROGRAMS)
	tools/mkroot $@ $(USER_FILES)

$(ISO): $(KERNEL_ELF) $(ROOT_CPIO) tools/mkiso tools/grub/grub.cfg
	tools/mkiso $@ $(KERNEL_ELF) $(ROOT_CPIO)

qemu: $(ISO)
	@tools/run-qemu $(QEMUFLAGS)

# The debug kernel, waiting for gdb; prints how to start that.
qemu-gdb: build/debug/kernel.elf $(ROOT_CPIO)
	@tools/run-qemu --debug --gdb $(QEMUFLAGS)
