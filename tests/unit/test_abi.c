/*
 * Every number in kernel/abi that the host's Linux headers know too must be
 * the same there, and so must the layout of every structure.
 */
#include "tests/unit/unit.h"

#include "tests/unit/abi_consts.h"

static void
test_constants(void)
{
	int compared = 0;

	for (int i = 0; abi_ours[i].name; i++) {
		CHECK_STR(abi_ours[i].name, abi_theirs[i].name);
		CHECK(abi_ours[i].present);
		if (!abi_theirs[i].present)
			continue;
		compared++;
		if (abi_ours[i].value != abi_theirs[i].value)
			fprintf(stderr, "# %s\n", abi_ours[i].name);
		CHECK_EQ(abi_ours[i].value, abi_theirs[i].value);
	}
	fprintf(stderr, "# %d values compared\n", compared);
	CHECK(compared > 900);
}

UNIT_MAIN("abi", { "constants", test_constants })
