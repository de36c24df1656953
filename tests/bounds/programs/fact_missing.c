/* expect: E-FACT */
/* facts: ../mini.facts facts/missing.facts */
/* A fact about a function that does not exist. */
#include "tests/bounds/mini.h"

CALL(none)
{
	return 0;
}

SYSCALLS = { ROW(none) };
