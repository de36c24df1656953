/*
 * Extended attributes, xattr(7).
 */
#pragma once

#define XATTR_CREATE		0x1	/* setxattr(2): -EEXIST if there */
#define XATTR_REPLACE		0x2	/* -ENODATA if it is not */
#define XATTR_SIZE_MAX		65536u
#define XATTR_LIST_MAX		65536u
