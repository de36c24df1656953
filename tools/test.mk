# Tests. Included by the top Makefile, after user/user.mk and tools/image.mk.
# See tests/README.md.

.PHONY: test test-long stress

TEST_NEEDS	:= $(KERNEL_ELF) build/debug/kernel.elf $(ROOT_CPIO) $(ISO) \
		   abi-tests

test: $(TEST_NEEDS)
	@tests/run

test-long: $(TEST_NEEDS)
	@tests/run --long

# Memory exhaustion, over and over.
stress: $(TEST_NEEDS)
	@tests/run --long stress

# The system call tests: one static program each, the same on Linux and here.
ABI_SOURCES	:= $(wildcard tests/abi/*.c)
ABI_PROGRAMS	:= $(ABI_SOURCES:tests/abi/%.c=build/tests/abi/%)
ABI_CFLAGS	:= $(USER_CFLAGS) -O1 -Wno-unused-result -D_GNU_SOURCE \
		   -Wno-stringop-overread -Wno-stringop-overflow \
		   -Wno-format-truncation -Wno-nonnull -Wno-array-bounds

.PHONY: abi-tests
abi-tests: $(ABI_PROGRAMS) build/tests/abirun

build/tests/abi/%: tests/abi/%.c tests/abi/abi.h \
    | need build/user/kernel-headers
	@mkdir -p $(@D)
	$(MUSL_CC) $(ABI_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lpthread

build/tests/abirun: tests/abi/runner/abirun.c | need build/user/kernel-headers
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $<
