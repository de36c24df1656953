/*
 * The frames that a page fault may take: row "fault" of the generated table.
 */
#pragma once

#include "bounds.h"

#define VM_FAULT_FRAMES		BOUND_FRAMES_fault
