# Benchmarks: Hardtack and Debian's Linux side by side.
#
#	make bench			all tests, both kernels
#	make bench BENCH='--quick'	options of tools/bench/run.py
#	make bench BENCH='--storage'	only ext4 on an AHCI disk
#	make bench-profile TEST=name	one test, function by function
#	make bench-profile TEST=name BENCH=--storage	the same on the disk
#
# docs/benchmarks.md says what is measured and how to read it.

BENCH_DIR	:= build/bench
BENCH_KERNEL	?= build/kernel.elf
BENCH_ROOT	?= build/root.cpio
BENCH_NEEDS	?= $(BENCH_KERNEL) $(BENCH_ROOT)
BENCH		?=
MUSL_CC		?= musl-gcc

KBENCH_SRC	:= $(filter-out tools/kbench/init.c,\
		     $(wildcard tools/kbench/*.c))
BENCH_CFLAGS	:= -O2 -Wall -Wextra -fno-pie -static -no-pie -I.
BENCH_TOOLS	:= $(BENCH_DIR)/kbench $(BENCH_DIR)/bench-init \
		   $(BENCH_DIR)/insncount.so $(BENCH_DIR)/linux/vmlinuz
BENCH_ARGS	= --build $(BENCH_DIR) --linux $(BENCH_DIR)/linux/vmlinuz \
		  --kernel $(BENCH_KERNEL) --root $(BENCH_ROOT)

.PHONY: bench bench-profile bench-tools

bench: bench-tools $(BENCH_NEEDS)
	python3 -B tools/bench/run.py $(BENCH_ARGS) $(BENCH)

bench-profile: bench-tools $(BENCH_NEEDS)
	python3 -B tools/bench/profile.py $(BENCH_ARGS) --test '$(TEST)' \
		$(BENCH) | tee $(BENCH_DIR)/profile.md

bench-tools: $(BENCH_TOOLS)

$(BENCH_DIR)/kbench: $(KBENCH_SRC) tools/kbench/kbench.h
	@mkdir -p $(@D)
	$(MUSL_CC) $(BENCH_CFLAGS) -o $@ $(KBENCH_SRC) -lpthread
	strip $@

$(BENCH_DIR)/bench-init: tools/kbench/init.c
	@mkdir -p $(@D)
	$(MUSL_CC) $(BENCH_CFLAGS) -o $@ $<
	strip $@

# Only the header is wanted of QEMU's source package.
$(BENCH_DIR)/insncount.so: tools/insncount/insncount.c \
  tools/insncount/insncount.h
	@mkdir -p $(@D)
	qemu=$$(tools/debsrc qemu) && \
	$(CC) -O2 -Wall -Wextra -fPIC -fvisibility=hidden -shared -I. \
		-I"$$qemu/include/qemu" -o $@ $<

$(BENCH_DIR)/linux/vmlinuz: tools/bench/linux-image tools/bench/linux-modules
	tools/bench/linux-image $(@D) > /dev/null
	@touch $@
