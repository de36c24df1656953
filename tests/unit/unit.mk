# Host unit tests, under the address and undefined-behaviour sanitizers.
#
#	make unit		build and run all; "ok NAME" or "not ok NAME"
#	make unit MUTATIONS=N	with N mutations of each kind of boot data

HOSTCC	?= gcc
UNIT_O	:= build/unit
MUTATIONS ?= 10000
UNIT_CFLAGS := -std=gnu11 -DHARDTACK_HOST -O1 -g -Wall -Wextra \
	-fno-strict-aliasing -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined \
	-I.

UNIT_LIB := $(filter-out kernel/lib/string.c,$(wildcard kernel/lib/*.c)) \
	$(wildcard kernel/acpi/*.c) \
	tests/unit/host_string.c tests/unit/samples.c
UNIT_LIBO := $(UNIT_LIB:%.c=$(UNIT_O)/%.o)
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
UNIT_BINS := $(UNIT_TESTS:%=$(UNIT_O)/%) $(UNIT_O)/mutate
UNIT_ABI_H := $(sort $(wildcard kernel/abi/*.h))
UNIT_ABI_IN := $(UNIT_ABI_H) $(addprefix tests/unit/,abi-table abi_fields.inc \
	abi_consts.h abi_theirs.h)

.PHONY: unit
unit: $(UNIT_BINS)
	@rc=0; for t in $(UNIT_TESTS); do \
		echo "# $$t"; $(UNIT_O)/$$t || rc=1; \
	done; \
	echo "# mutate"; $(UNIT_O)/mutate $(MUTATIONS) || { \
		echo "not ok unit.mutate.run"; rc=1; }; \
	exit $$rc

$(UNIT_O)/lib.a: $(UNIT_LIBO)
	rm -f $@
	ar rcs $@ $(UNIT_LIBO)

$(UNIT_LIBO): $(UNIT_O)/%.o: %.c
	@mkdir -p $(@D)
	$(HOSTCC) $(UNIT_CFLAGS) -fno-builtin -MMD -c -o $@ $<

$(UNIT_O)/%: tests/unit/%.c $(UNIT_O)/lib.a
	@mkdir -p $(@D)
	$(HOSTCC) $(UNIT_CFLAGS) -MMD -o $@ $(filter %.c %.o,$^) \
	    $(filter %.a,$^)

$(UNIT_O)/abi_%.c: $(UNIT_ABI_IN)
	@mkdir -p $(@D)
	tests/unit/abi-table $* $(UNIT_ABI_H) > $@

$(UNIT_O)/abi_%.o: $(UNIT_O)/abi_%.c
	$(HOSTCC) $(UNIT_CFLAGS) -c -o $@ $<

$(UNIT_O)/test_tree: fs/cache/tree.c
$(UNIT_O)/test_extdir: $(addprefix fs/ext/,dirblock.c dxblock.c hash.c \
	xattrarea.c)
$(UNIT_O)/test_proctext: fs/procfs/text.c
$(UNIT_O)/test_extcheck: fs/ext/check.c fs/ext/csum.c
$(UNIT_O)/test_extent: $(addprefix fs/ext/,extent.c extent_add.c extent_cut.c \
	indirect.c map.c)
$(UNIT_O)/test_extent: UNIT_CFLAGS += -Wno-unused-parameter
$(UNIT_O)/test_vma: kernel/vm/vma.c
$(UNIT_O)/test_runq: kernel/sched/runq.c
$(UNIT_O)/test_vm: $(filter-out $(addprefix kernel/vm/, bounds.c \
	bounds_table.c hold.c reserve.c selftest.c selftest_reserve.c), \
	$(wildcard kernel/vm/*.c))
$(UNIT_O)/test_vm: UNIT_CFLAGS += -Wno-unused-parameter
$(UNIT_O)/test_ansi: drivers/console/ansi.c drivers/console/screen.c \
	build/gen/font.c
$(UNIT_O)/test_pci: $(addprefix drivers/pci/,bar.c caps.c config.c scan.c)
# It includes the driver's other files.
$(UNIT_O)/test_ahci: drivers/ahci/identify.c $(UNIT_O)/ahci.stamp
$(UNIT_O)/ahci.stamp: $(wildcard drivers/ahci/*.[ch]) \
    tests/unit/ahci_machine.inc
	touch $@
$(UNIT_O)/test_stack_graph: tools/bounds/stack_graph.c tools/bounds/table.c
$(UNIT_O)/test_stack_graph: UNIT_CFLAGS += -D_GNU_SOURCE
$(UNIT_O)/test_abi: $(UNIT_O)/abi_ours.o $(UNIT_O)/abi_theirs.o

-include $(UNIT_LIBO:.o=.d) $(UNIT_BINS:=.d)
