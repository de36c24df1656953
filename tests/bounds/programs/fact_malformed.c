/* expect: E-FACT */
/* facts: ../mini.facts facts/malformed.facts */
/* Facts that say nothing, or not why. */
#include "tests/bounds/mini.h"

CALL(a)
{
	return 0;
}

SYSCALLS = { ROW(a) };
