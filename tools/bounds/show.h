/* What was found, as lists for people and for the tests. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

void	show_calls(FILE *out);
void	show_loops(FILE *out);
void	show_summary(FILE *out);
/* False when the file cannot be written. */
bool	show_edges(const char *path);
