/*
 * Transfers between a file and a list of buffers. Copies never fault: a copy
 * that stops short tells the caller to drop its locks and fault the page in.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/uio.h"
#include "kernel/file/uio.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

enum uio_copy { UIO_PUT, UIO_GET, UIO_ZERO };

/* Go to the next segment that is not empty; false: its entry is not there. */
static bool
uio_next(struct uio *u)
{
	struct lx_iovec v;

	while (u->len == 0) {
		if (u->niov == 0)
			return false;
		if (u->iov != NULL) {
			v = *u->iov++;
		} else {
			if (copy_in_nofault(&v, UPTR(u->iov_user),
			    sizeof(v)) != sizeof(v))
				return false;
			u->iov_user += sizeof(v);
		}
		u->niov--;
		u->base = v.iov_base;
		u->len = MIN((usize)v.iov_len, u->left);
	}
	return true;
}

static usize
uio_copy_one(struct uio *u, void *kbuf, usize n, enum uio_copy how)
{
	uptr_t user = UPTR(u->base);

	if (u->kernel) {
		if (how == UIO_PUT)
			memcpy((void *)u->base, kbuf, n);
		else if (how == UIO_GET)
			memcpy(kbuf, (void *)u->base, n);
		else
			memset((void *)u->base, 0, n);
		return n;
	}
	if (how == UIO_PUT)
		return copy_out_nofault(user, kbuf, n);
	if (how == UIO_GET)
		return copy_in_nofault(kbuf, user, n);
	return n - usercopy_zero(user, n);
}

static always_inline usize
uio_copy(struct uio *u, void *kbuf, usize n, enum uio_copy how)
{
	usize done = 0, want, got;

	n = MIN(n, u->left);
	while (done < n) {
		if (unlikely(u->len == 0) && !uio_next(u))
			break;
		want = MIN(u->len, n - done);
		got = uio_copy_one(u, (char *)kbuf + done, want, how);
		u->base += got;
		u->len -= got;
		u->left -= got;
		done += got;
		if (unlikely(got < want))
			break;
	}
	return done;
}

usize
uio_put(struct uio *u, const void *from, usize n)
{
	return uio_copy(u, (void *)from, n, UIO_PUT);
}

usize
uio_get(struct uio *u, void *to, usize n)
{
	return uio_copy(u, to, n, UIO_GET);
}

usize
uio_zero(struct uio *u, usize n)
{
	return uio_copy(u, NULL, n, UIO_ZERO);
}

void
uio_skip(struct uio *u, usize n)
{
	n = MIN(n, u->left);
	while (n > 0) {
		usize k;

		if (u->len == 0 && !uio_next(u))
			break;
		k = MIN(u->len, n);
		u->base += k;
		u->len -= k;
		u->left -= k;
		n -= k;
	}
}

int
uio_fault_in(struct uio *u, enum user_access how)
{
	int rc;

	if (u->len == 0 && u->niov > 0 && u->iov == NULL)
		return user_fault_in(UPTR(u->iov_user),
		    sizeof(struct lx_iovec), USER_READ);
	if (u->len == 0 && !uio_next(u))
		return 0;
	assert(!u->kernel);
	rc = user_fault_in(UPTR(u->base), MIN(u->len, 16 * PAGE_SIZE), how);
	/* A hole behind the first page does not spoil that page. */
	if (rc == -EFAULT)
		rc = user_fault_in(UPTR(u->base), 1, how);
	return rc;
}

int
uio_segments(struct uio *u, struct lx_iovec *fast, uptr_t iov, usize niov)
{
	struct lx_iovec v[UIO_FASTIOV];
	usize total = 0, n;
	int rc;

	if (niov > UIO_MAXIOV)
		return -EINVAL;
	*u = (struct uio){ .niov = niov };
	for (usize i = 0; i < niov; i += n) {
		struct lx_iovec *to = niov <= UIO_FASTIOV ? fast : v;

		n = MIN(niov - i, (usize)UIO_FASTIOV);
		rc = copy_in(to, UPTR(iov.addr + i * sizeof(v[0])),
		    n * sizeof(v[0]));
		if (rc != 0)
			return rc;
		for (usize k = 0; k < n; k++) {
			if ((s64)to[k].iov_len < 0)
				return -EINVAL;
			if (!user_range_ok(UPTR(to[k].iov_base),
			    to[k].iov_len) && to[k].iov_len != 0)
				return -EFAULT;
			total += MIN(to[k].iov_len,
			    (u64)(RW_COUNT_MAX - total));
		}
	}
	u->left = total;
	if (niov <= UIO_FASTIOV)
		u->iov = fast;
	else
		u->iov_user = iov.addr;
	return 0;
}
