# The analyzer: build/tools/bounds.

LLVM_CONFIG ?= $(shell command -v llvm-config-14 || command -v llvm-config)
BOUNDS_SRC := $(sort $(wildcard tools/bounds/*.c))
BOUNDS_OBJ := $(BOUNDS_SRC:%.c=build/host/%.o)
BOUNDS_CFLAGS = -std=gnu11 -O1 -g -Wall -Wextra -Werror -I. \
	$(filter-out -D_GNU_SOURCE,$(shell $(LLVM_CONFIG) --cflags)) \
	-D_GNU_SOURCE

build/tools/bounds: $(BOUNDS_OBJ)
	@mkdir -p $(@D)
	@echo '  HOSTLD  $@'
	$(Q)$(CC) -o $@ $(BOUNDS_OBJ) \
	    $(shell $(LLVM_CONFIG) --ldflags --libs)

$(BOUNDS_OBJ): build/host/%.o: %.c
	@mkdir -p $(@D)
	@echo '  HOSTCC  $@'
	$(Q)$(CC) $(BOUNDS_CFLAGS) -MMD -c -o $@ $<

-include $(BOUNDS_OBJ:.o=.d)

# The analysis. tools/bounds/bounds asks it single questions.
#
#	make bounds		analyse, write build/bounds/, check the table
#	make bounds-update	write the table that the kernel compiles in
#	make bounds-peaks	measure what the system call tests really take

BOUNDS_DIR	:= build/bounds
BOUNDS_TABLE	:= kernel/vm/bounds_table.c
BOUNDS_FACTS	:= $(sort $(wildcard tools/bounds/*.facts))
BOUNDS_HEAP	= $(BOUNDS_FACTS:%=--facts %) $(BC)
BOUNDS_ARGS	= $(BOUNDS_STACKS) $(BOUNDS_HEAP)

# gcc's frames and calls of both kernels, for the stacks.
BOUNDS_STACKS	:= --stack release=build --stack debug=build/debug
BOUNDS_CI	:= $(CSRC:%.c=build/%.ci) bounds-debug-ci

.PHONY: bounds bounds-update bounds-json bounds-peaks
.PHONY: bounds-inputs bounds-stacks bounds-debug-ci ci

ci: $(CI)
bounds-debug-ci:
	$(Q)$(MAKE) -s --no-print-directory DEBUG=1 ci

bounds-inputs: build/tools/bounds $(BC) $(BOUNDS_FACTS)
	@mkdir -p $(BOUNDS_DIR)
bounds-stacks: bounds-inputs $(BOUNDS_CI)

# 1 means that there were errors, which were printed; others, that nothing was
# written. All that can be said is said before make fails.
bounds: bounds-stacks
	@status=0; \
	build/tools/bounds --json $(BOUNDS_DIR)/bounds.json \
	    --check $(BOUNDS_TABLE) $(BOUNDS_ARGS) || status=$$?; \
	[ $$status -le 1 ] || exit $$status; \
	tools/bounds/budget --json $(BOUNDS_DIR)/budget.json || status=1; \
	tools/bounds/report.py --peaks $(BOUNDS_DIR)/peaks \
	    --budget $(BOUNDS_DIR)/budget.json \
	    --folded $(BOUNDS_DIR)/bounds.folded \
	    -o $(BOUNDS_DIR)/bounds.html $(BOUNDS_DIR)/bounds.json || \
	    status=1; \
	echo "page: $(BOUNDS_DIR)/bounds.html"; \
	exit $$status

# The results alone, whatever they are.
bounds-json: bounds-stacks
	@build/tools/bounds --quiet --json $(BOUNDS_DIR)/bounds.json \
	    $(BOUNDS_ARGS) 2> $(BOUNDS_DIR)/messages || [ $$? = 1 ]

bounds-update: bounds-inputs
	@build/tools/bounds --quiet --table $(BOUNDS_DIR)/table.c $(BOUNDS_HEAP)
	@cmp -s $(BOUNDS_DIR)/table.c $(BOUNDS_TABLE) || \
	    { cp $(BOUNDS_DIR)/table.c $(BOUNDS_TABLE); \
	    echo "$(BOUNDS_TABLE) is new: look at the difference"; }

# What calls take at most in the tests: the system call tests run in a debug
# kernel, and whatever logs of other tests have shown /proc/reserve.
bounds-peaks: $(DEBUG_ELF) $(ROOT_CPIO) abi-tests
	@mkdir -p $(BOUNDS_DIR)
	tools/guest-run --smp 2 --debug --timeout 900 \
	    --add build/tests/abirun:/bin/abirun --add build/tests/abi:/abi \
	    -- sh -c 'abirun -t 30 /abi/*; cat /proc/reserve' \
	    > $(BOUNDS_DIR)/reserve.log
	tools/bounds/peaks -o $(BOUNDS_DIR)/peaks $(BOUNDS_DIR)/reserve.log \
	    $$(grep -ls '^call  *bound  *peak' build/tests/log/*.log)

# What tests/bounds/check-edges runs. Only a header is wanted of QEMU's source
# package.
.PHONY: edges-inputs
edges-inputs: bounds-inputs build/tools/icalls.so $(KERNEL_ELF) $(DEBUG_ELF) \
    $(ROOT_CPIO) abi-tests guest-helpers

build/tools/icalls.so: tools/icalls/icalls.c
	@mkdir -p $(@D)
	@echo '  HOSTCC  $@'
	$(Q)qemu=$$(tools/debsrc qemu) && \
	$(CC) -O2 -Wall -Wextra -fPIC -fvisibility=hidden -shared \
	    -I"$$qemu/include/qemu" -o $@ $<
