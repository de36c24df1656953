/* A place in the source. */
#pragma once

struct src {
	const char	*file;		/* of the repository; "?": unknown */
	unsigned	line;
};
