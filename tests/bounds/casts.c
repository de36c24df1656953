/* What tools/bounds/castlint must find (check-casts): a line each. */
typedef void (*fn_t)(int);
typedef unsigned long word_t;

void	target(int n);
void	by_word(word_t w);
void	by_data(void *p);
int	other(void);

static fn_t slot;

static word_t
to_number(void)
{
	return (word_t)target;			/* cast */
}

static void *
to_data(void)
{
	return (void *)slot;			/* cast */
}

static void
from_data(void *p)
{
	slot = (fn_t)p;				/* cast */
}

static void
from_number(word_t w)
{
	slot = (fn_t)w;				/* cast */
}

/* clang folds this into a direct call: bitcode does not show it. */
static void
to_other_type(void)
{
	((int (*)(int))target)(1);		/* cast */
}

/* None of these is one. */
static void
innocent(void)
{
	slot = target;
	slot = (fn_t)target;
	slot = (void *)0;
	slot(other());
	by_word((word_t)&slot);
}

void
all(void)
{
	innocent();
	from_data(to_data());
	from_number(to_number());
	to_other_type();
	by_data(&slot);
}
