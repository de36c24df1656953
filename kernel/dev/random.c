/*
 * The random pool.
 *
 * One key, 256 bits. Output is the ChaCha20 stream of a key that the call
 * makes for itself: under the lock it takes one block of the pool's stream,
 * half of which becomes the pool's next key (so that a later look at memory
 * does not tell earlier output) and half its own; then it works without the
 * lock.
 *
 * Entropy comes in by BLAKE2s: new key = H(old key, samples). Sources: RDSEED
 * or RDRAND, the time-stamp counter at interrupts and at boot, what the boot
 * loader left in memory, and what is written to /dev/random. Interrupt
 * handlers only add a sample to a ring of their CPU; it is stirred in by the
 * next reader.
 *
 * Seeded means: 256 bits from RDSEED or RDRAND, or 1024 interrupt samples.
 * getrandom(2) waits for that; the kernel's own uses (hash seeds, ASLR) do not.
 *
 * Locks: lock guards key and count; interrupts stay on (no handler takes it).
 * Source: RFC 8439, RFC 7693; "Fast-key-erasure random-number generators", D.
 * J. Bernstein, 2017.
 */
#include "kernel/dev/random.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/blake2s.h"
#include "kernel/lib/chacha20.h"
#include "kernel/lib/string.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/log.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/features.h"
#include "kernel/x86/percpu.h"

#define SAMPLES		32		/* per CPU, a power of two */
#define SAMPLES_SEEDED	1024
#define STIR_BYTES	(1u << 20)	/* output between hardware words */

/* Written by interrupt handlers of its CPU; read racily: noise is welcome. */
struct sample_ring {
	u64	sample[SAMPLES];
	u32	n;
};
PERCPU_DEFINE(struct sample_ring, random_samples);

static struct spinlock lock = SPINLOCK_INIT(LOCK_LEAF);
static u8 key[CHACHA20_KEY];		/* [lock] */
static u64 since_stir;			/* [lock] bytes */
static u64 samples_used;		/* [lock] */
static bool seeded;			/* [a] */

/* A word from the CPU's generator; false when it has none or is exhausted. */
static bool
hardware_word(u64 *out)
{
	u8 ok = 0;

	if (!cpu_has.rdrand)
		return false;
	for (u32 i = 0; i < 10 && !ok; i++)
		__asm__ volatile("rdrand %0; setc %1" : "=r"(*out), "=qm"(ok));
	return ok;
}

static void
stir_locked(const void *data, usize len)
{
	struct blake2s h;

	blake2s_init(&h, BLAKE2S_HASH, key, sizeof(key));
	blake2s_update(&h, data, len);
	blake2s_final(&h, key);
}

/* Everything new that this CPU and the hardware have. */
static void
gather_locked(void)
{
	struct {
		u64 tsc, hardware[4];
		struct sample_ring ring;
	} fresh;
	u32 words = 0;

	memset(&fresh, 0, sizeof(fresh));
	fresh.tsc = cpu_rdtsc();
	for (u32 i = 0; i < 4; i++)
		words += hardware_word(&fresh.hardware[i]);
	memcpy(&fresh.ring, PERCPU_THIS(struct sample_ring, random_samples),
	    sizeof(fresh.ring));
	samples_used += MIN(fresh.ring.n, (u32)SAMPLES);
	PERCPU_THIS(struct sample_ring, random_samples)->n = 0;
	stir_locked(&fresh, sizeof(fresh));
	if (words == 4 || samples_used >= SAMPLES_SEEDED)
		atomic_store(&seeded, true);
	since_stir = 0;
}

void
random_stir_irq(u64 sample)
{
	struct sample_ring *r = PERCPU_THIS(struct sample_ring, random_samples);

	r->sample[r->n++ % SAMPLES] ^= cpu_rdtsc() ^ sample << 48;
}

void
random_add(const void *buf, usize len)
{
	spin_lock(&lock);
	stir_locked(buf, len);
	spin_unlock(&lock);
}

/* A key for one call; the pool's key moves on. */
static void
key_take(u8 out[CHACHA20_KEY], usize len)
{
	static const u8 nonce[CHACHA20_NONCE];
	u8 block[CHACHA20_BLOCK];

	spin_lock(&lock);
	since_stir += len;
	if (since_stir > STIR_BYTES || !seeded)
		gather_locked();
	chacha20_block(key, 0, nonce, block);
	memcpy(key, block, sizeof(key));
	spin_unlock(&lock);
	memcpy(out, block + sizeof(key), CHACHA20_KEY);
}

void
random_bytes(void *buf, usize len)
{
	static const u8 nonce[CHACHA20_NONCE];
	u8 own[CHACHA20_KEY], block[CHACHA20_BLOCK];
	u8 *p = buf;

	key_take(own, len);
	for (u32 counter = 0; len > 0; counter++) {
		usize n = MIN(len, sizeof(block));

		chacha20_block(own, counter, nonce, block);
		memcpy(p, block, n);
		p += n;
		len -= n;
	}
}

u64
random_u64(void)
{
	u64 v;

	random_bytes(&v, sizeof(v));
	return v;
}

bool
random_is_seeded(void)
{
	return atomic_load_relaxed(&seeded);
}

void
random_init(void)
{
	/* Jitter between back-to-back reads of the counter: a little, always
	 * there. */
	for (u32 i = 0; i < 2 * SAMPLES; i++)
		random_stir_irq(i);
	spin_lock(&lock);
	gather_locked();
	spin_unlock(&lock);
	kinfo("random: %s", seeded ? "seeded by the CPU's generator" :
	    "not seeded yet: waiting for interrupts");
}
