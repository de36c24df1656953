/*
 * \_S5: the values that switch the machine off.
 *
 * The DSDT is AML, a language of its own, but in it Name (\_S5, Package () {
 * a, b, ... }) is constant data with a fixed encoding (ACPI 6.5 20.2.5.1 and
 * 20.2.5.4). So the name's four characters are searched, and what stands
 * around them must be exactly that encoding. Each byte is read with its bounds
 * checked; the search is one pass.
 */
#include "kernel/acpi/acpi_priv.h"
#include "kernel/lib/string.h"

#define AML_ZERO		0x00
#define AML_ONE			0x01
#define AML_NAME		0x08
#define AML_BYTE		0x0a
#define AML_WORD		0x0b
#define AML_DWORD		0x0c
#define AML_PACKAGE		0x12
#define SLP_TYP_MAX		7	/* three bits, ACPI 6.5 table 4.14 */

/* Read a small constant at *at and step past it; false if it is none. */
static bool
read_constant(const struct acpi_table *t, u32 *at, u32 *value)
{
	u8 op = acpi_u8(t, (*at)++);

	switch (op) {
	case AML_ZERO:
	case AML_ONE:
		*value = op;
		return true;
	case AML_BYTE:
		*value = acpi_u8(t, *at);
		*at += 1;
		return true;
	case AML_WORD:
		*value = acpi_u16(t, *at);
		*at += 2;
		return true;
	case AML_DWORD:
		*value = acpi_u32(t, *at);
		*at += 4;
		return true;
	default:
		return false;
	}
}

/* True if the bytes before the name make it the object of a NameOp. */
static bool
is_named(const struct acpi_table *t, u32 name_at)
{
	u8 before = acpi_u8(t, name_at - 1);

	return before == AML_NAME ||
	    (before == '\\' && acpi_u8(t, name_at - 2) == AML_NAME);
}

/* Read the package that follows the name at name_at. */
static bool
read_package(const struct acpi_table *t, u32 name_at, struct acpi_s5 *out)
{
	u32 at = name_at + 4, a, b = 0;
	u8 count;

	if (acpi_u8(t, at++) != AML_PACKAGE)
		return false;
	/* The length's top two bits count the bytes that follow it. */
	at += 1 + (acpi_u8(t, at) >> 6);
	count = acpi_u8(t, at++);
	if (count < 1 || !read_constant(t, &at, &a))
		return false;
	if (count >= 2 && !read_constant(t, &at, &b))
		return false;
	if (at > t->len || a > SLP_TYP_MAX || b > SLP_TYP_MAX)
		return false;
	*out = (struct acpi_s5){ true, (u8)a, (u8)b };
	return true;
}

void
acpi_parse_dsdt(const struct acpi_table *t, struct acpi_info *out)
{
	u32 at = sizeof(struct acpi_header) + 2;

	for (; at + 4 <= t->len; at++)
		if (t->data[at] == '_' &&
		    memcmp(t->data + at, "_S5_", 4) == 0 &&
		    is_named(t, at) && read_package(t, at, &out->s5))
			return;
	acpi_warn(t->env, t->name, "no \\_S5: power-off will not work");
}
