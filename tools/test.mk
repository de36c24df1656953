# Tests. Included by the top Makefile, after user/user.mk and tools/image.mk.
# See tests/README.md.

.PHONY: test test-long stress run-tests abi-tests guest-helpers

# Short form, long form, and memory exhaustion over and over.
test: need
	@$(MAKE) --no-print-directory run-tests
test-long: need
	@$(MAKE) --no-print-directory run-tests TESTFLAGS=--long
stress: need
	@$(MAKE) --no-print-directory run-tests TESTFLAGS='--long exhaustion'

run-tests: $(KERNEL_ELF) $(DEBUG_ELF) $(ROOT_CPIO) $(ISO) abi-tests \
    guest-helpers crash-helpers
	@tests/run $(TESTFLAGS)

# The system call tests: one static program each, the same on Linux and here.
ABI_SOURCES	:= $(wildcard tests/abi/*.c)
ABI_PROGRAMS	:= $(ABI_SOURCES:tests/abi/%.c=build/tests/abi/%)
ABI_CFLAGS	:= $(USER_CFLAGS) -O1 -Wno-unused-result -D_GNU_SOURCE \
		   -Wno-stringop-overread -Wno-stringop-overflow \
		   -Wno-format-truncation -Wno-nonnull -Wno-array-bounds
abi-tests: $(ABI_PROGRAMS) build/tests/abirun

build/tests/abi/%: tests/abi/%.c tests/abi/abi.h \
    | build/user/kernel-headers
	@mkdir -p $(@D)
	$(MUSL_CC) $(ABI_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lpthread

build/tests/abirun: tests/abirun.c | build/user/kernel-headers
	@mkdir -p $(@D)
	$(MUSL_CC) $(USER_CFLAGS) $(USER_LDFLAGS) -o $@ $<

# What the scripts of tests/guest use.
GUEST_SOURCES	:= $(wildcard tests/guest/*.c)
GUEST_PROGRAMS	:= $(GUEST_SOURCES:tests/guest/%.c=build/tests/guest/%)
guest-helpers: $(GUEST_PROGRAMS)

build/tests/guest/%: tests/guest/%.c | build/user/kernel-headers
	@mkdir -p $(@D)
	$(MUSL_CC) $(ABI_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lpthread

# What the tests of crashes (tests/crash) run in the guest.
CRASH_SOURCES	:= $(wildcard tests/crash/*.c)
CRASH_PROGRAMS	:= $(CRASH_SOURCES:tests/crash/%.c=build/tests/crash/%)
crash-helpers: $(CRASH_PROGRAMS)
.PHONY: crash-helpers

build/tests/crash/%: tests/crash/%.c | build/user/kernel-headers
	@mkdir -p $(@D)
	$(MUSL_CC) $(ABI_CFLAGS) $(USER_LDFLAGS) -o $@ $< -lpthread
