/*
 * reserve(): the promise of frames, as kernel/mem and kernel/vm keep it.
 *
 * The problem: calls on several CPUs spend one pool of frames. Each is
 * admitted with the most it may take, holding nothing; after that no take may
 * fail. A count that is right at rest is not enough: it must be right between
 * any two steps of all CPUs, and whoever waits must get his turn.
 *
 * The objects: gl and pc[] are frames on the global list and the CPUs' lists;
 * U counts those that nobody was promised, C[] the credit of each CPU, P[]
 * what is left of each call's charge, R the standing reservation for exits.
 * A count is not tied to a list: a frame behind CPU 0's credit may lie on CPU
 * 1's list, and the take finds it there.
 *
 * Invariants:
 *  R1	frames on lists >= U + sum C + sum P + R, and what is being taken
 *  R2	a take never finds the lists empty
 *  R3	a call never takes with nothing left of its charge
 *  R4	whoever is admitted by the slow path is the head of the queue
 * and nobody sleeps for ever: no end state but all exited or parked; with
 * FOREVER, under weak fairness, a queued call is admitted or killed (admitted).
 *
 * One line of Promela is one atomic step; a step is at most one locked
 * operation or one critical section's worth of plain ones. Slots of slabs are
 * counted, two to a frame; slabs with free slots merge (a real kernel must
 * wait until both slots of one frame are free, which only takes longer).
 *
 * Each MUT_ macro breaks one rule; model.mk checks that spin finds every one.
 */

#ifndef NT
#define NT	3		/* threads, each a process of its own */
#endif
#define NCPU	2
#ifndef NF
#define NF	3		/* frames that calls may use */
#endif
#define NR	1		/* frames of the one exit ticket */
#define CAP	1		/* credit that a CPU may keep */
#ifndef ROUNDS
#define ROUNDS	2		/* calls that each thread makes */
#endif
#define STEPS	2		/* takes and frees in a call */
#define NONE	255

#define CPU	(id % NCPU)

byte gl = NF + NR, pc[NCPU];	/* frames on the lists */
byte U = NF, C[NCPU], P[NT], R = NR;
byte taking;			/* charged already, frame not yet popped */
byte slots, priv[NT];		/* free slots: published; private to a call */
byte held[NT], objs[NT];	/* frames and objects kept after the call */
byte bound[NT];

/*
 * Locks: of the counts in the slow path; of a journal, say. Where liveness is
 * the question they are queues, since weak fairness alone promises nobody a
 * lock that is free now and then.
 */
#ifdef FOREVER
chan global_lock = [NT] of { byte };
chan mutex = [NT] of { byte };
#define LOCK(l)		l ! id; l ? [eval(id)]
#define UNLOCK(l)	l ? eval(id)
#else
bool global_lock, mutex;
#define LOCK(l)		atomic { !l -> l = true }
#define UNLOCK(l)	l = false
#endif

bool ticket = true;		/* the exit ticket is free */
chan queue = [NT] of { byte };	/* waiters, in order */
byte nwait;			/* read without the lock */
bool woken[NT], killed[NT], gone[NT];
bool waiting0;			/* thread 0 is in the queue */
byte victim = NONE;


inline wake_head()
{
	/* Under the global lock. Woken even if nothing was given: it may
	 * have to choose a victim. */
	d_step {
		if
		:: nwait > 0 -> queue ? <h>; woken[h] = true; h = 0
		:: else
		fi
	}
}

/* x frames that lie on lists become anybody's. */
inline give(x)
{
#ifdef MUT_WAKE_FIRST
	/* A waiter that drains between the look and the sum is lost. */
	if
	:: nwait > 0 -> LOCK(global_lock); wake_head(); UNLOCK(global_lock)
	:: else
	fi;
	d_step { C[CPU] = C[CPU] + x; P[id] = 0 }
#else
	if
	:: nwait > 0 || C[CPU] + x > CAP ->
		LOCK(global_lock);
		d_step { U = U + x; P[id] = 0 };
		wake_head();
		UNLOCK(global_lock)
	:: nwait == 0 && C[CPU] + x <= CAP ->
		d_step { C[CPU] = C[CPU] + x; P[id] = 0 };
		/* Look again: he who queued meanwhile has drained already. */
		if
		:: nwait > 0 ->
			LOCK(global_lock);
			d_step { U = U + C[CPU]; C[CPU] = 0 };
			wake_head();
			UNLOCK(global_lock)
		:: else
		fi
	fi
#endif
}

inline drain()
{
	d_step { U = U + C[0]; C[0] = 0 };
	d_step { U = U + C[1]; C[1] = 0 }
}

#ifdef LISTS
/* Own list, global list, any list under all locks. */
inline pop()
{
	if
	:: atomic { pc[CPU] > 0 -> pc[CPU]--; taking-- }
	:: atomic { pc[CPU] == 0 && gl > 0 -> gl--; taking-- }
	:: atomic { pc[CPU] == 0 && gl == 0 ->
		assert(pc[1 - CPU] > 0);		/* R2 */
		pc[1 - CPU]--; taking-- }
	fi
}

inline push()
{
	d_step {
		if
		:: pc[CPU] < CAP -> pc[CPU]++
		:: else -> gl++
		fi
	}
}
#else
inline pop()
{
	d_step { assert(gl > 0); gl--; taking-- }	/* R2 */
}

inline push()
{
	gl++
}
#endif

inline take()
{
#ifdef MUT_NO_CHARGE
	taking++;
#else
	d_step { assert(P[id] > 0); P[id]--; taking++ };	/* R3 */
#endif
	pop()
}

/* Free a frame in a call: the charge rises, up to the bound. */
inline put_charged()
{
#ifdef MUT_COUNT_FIRST
	P[id]++;
	push()
#else
	push();
	assert(P[id] < bound[id]);
	P[id]++
#endif
}

/* Free a frame outside of any charge. P[id] is 0 and stays so. */
inline put_free()
{
	push();
	give(1)
}

/* An object: own private slot, published slot, or a frame of two. */
inline get_object()
{
	if
	:: atomic { priv[id] > 0 -> priv[id]-- }
	:: atomic { priv[id] == 0 && slots > 0 -> slots-- }
	:: atomic { priv[id] == 0 && slots == 0 -> skip };
		take();
#ifdef MUT_SHARED_SLAB
		slots++
#else
		priv[id]++
#endif
	fi;
	objs[id]++
}

/* Whole slabs go back to the global count. Under the global lock. */
inline shrink()
{
	do
	:: d_step { slots >= 2 -> slots = slots - 2; gl++; U++ }
	:: else -> break
	od
}

/* The head has nothing to hope for but a death: kill the largest. */
inline kill_worst()
{
	d_step {
		if
		:: victim == NONE ->
			h = 0;
			do
			:: h < NT ->
				if
				:: !gone[h] && !killed[h] &&
				   held[h] + objs[h] > 0 &&
				   (victim == NONE || held[h] * 2 + objs[h] >
				    held[victim] * 2 + objs[victim]) ->
					victim = h
				:: else
				fi;
				h++
			:: else -> break
			od;
			h = 0;
			if
			:: victim != NONE ->
				killed[victim] = true;
				woken[victim] = true
			:: else
			fi
		:: else
		fi
	}
}

/* Admitted with n frames. Under the global lock. */
inline admit()
{
	U = U - n;
	P[id] = n;
	bound[id] = n;
	ok = true
}

inline fast_path()
{
#ifdef MUT_CREDIT_RACE
	/* Load, then store: a drain between the two is forgotten. */
	tmp = C[CPU];
	if
	:: tmp >= n ->
		d_step {
			C[CPU] = tmp - n; P[id] = n; bound[id] = n;
			ok = true; tmp = 0
		}
	:: else -> tmp = 0
	fi
#else
	if
	:: d_step { C[CPU] >= n ->
		C[CPU] = C[CPU] - n; P[id] = n; bound[id] = n; ok = true }
	:: else
	fi
#endif
}

/* Leave the queue, from wherever in it, and let the next one look. */
inline leave_queue()
{
	d_step {
		queue ?? eval(id);
		nwait--;
		waiting0 = waiting0 && id != 0
	};
	wake_head()
}

inline slow_path()
{
	LOCK(global_lock);
	if
#ifdef MUT_BARGE
	:: true ->
#else
	:: nwait == 0 ->
#endif
		drain();
		if
		:: d_step { U >= n -> admit() }
		:: else
		fi
#ifndef MUT_BARGE
	:: else
#endif
	fi;
	if
	:: ok -> UNLOCK(global_lock)
	:: else ->
		d_step {
			queue ! id; nwait++;
			waiting0 = waiting0 || id == 0
		};
		UNLOCK(global_lock);
		wait_turn()
	fi
}

/* nwait counts us before we drain: see give(). */
inline wait_turn()
{
	do
	:: ok || left -> break
	:: else ->
		LOCK(global_lock);
		drain();
		if
		:: killed[id] -> leave_queue(); left = true
		:: !killed[id] && queue ? [eval(id)] && U >= n ->
			d_step { admit() };
			leave_queue()				/* R4 */
		:: !killed[id] && queue ? [eval(id)] && U < n ->
			shrink();
			if
			:: U < n -> kill_worst()
			:: else -> woken[id] = true
			fi
		:: !killed[id] && !queue ? [eval(id)]
		fi;
		UNLOCK(global_lock);
		if
		:: ok || left
		:: else -> atomic { woken[id] -> woken[id] = false }
		fi
	od;
	skip;			/* a d_step may not be jumped into */
	d_step { left = false; woken[id] = false }
}

/* ok: admitted; not ok: killed while waiting. Holds nothing. */
inline reserve()
{
	ok = false;
	fast_path();
	if
	:: ok
	:: else -> slow_path()
	fi
}

/* Publish private slots, give the rest of the charge back. */
inline end_call()
{
	d_step { slots = slots + priv[id]; priv[id] = 0; bound[id] = 0 };
#ifdef MUT_QUIET_END
	/* What the call took and keeps may be all that a kill could free. */
	if
	:: P[id] > 0 -> give(P[id])
	:: else
	fi
#else
	give(P[id])
#endif
}

/* A few frames are taken, some given back, the rest is kept. */
inline call_frames()
{
	steps = 0;
	do
	:: steps < STEPS && P[id] > 0 -> take(); held[id]++; steps++
	:: steps < STEPS && held[id] > 0 && P[id] < bound[id] ->
		held[id]--; put_charged(); steps++
	:: break
	od;
	steps = 0
}

/* Two objects of which two fit a frame: the bound is one frame. */
inline call_objects()
{
	get_object();
	get_object()
}

/* Work under a mutex in two portions, with a renewal between them. */
inline call_renewing()
{
	LOCK(mutex);
	take();
	held[id]++;
#ifndef MUT_RENEW_LOCKED
	UNLOCK(mutex);
#endif
	end_call();
	reserve();
#ifndef MUT_RENEW_LOCKED
	if
	:: ok -> LOCK(mutex)
	:: else
	fi;
#endif
	if
	:: ok -> take(); held[id]++; UNLOCK(mutex); end_call()
	:: else
#ifdef MUT_RENEW_LOCKED
		-> UNLOCK(mutex)
#endif
	fi
}

/* Death frees everything, on the ticket's frame, needing the mutex too. */
inline die()
{
	atomic { ticket -> ticket = false; woken[id] = false };
	LOCK(mutex);
	d_step { R--; taking++ };
	pop();
	push();
	R++;
	UNLOCK(mutex);
	do
	:: held[id] > 0 -> held[id]--; put_free()
	:: else -> break
	od;
	skip;
	d_step { slots = slots + objs[id]; objs[id] = 0 };
	ticket = true;
	LOCK(global_lock);
	d_step {
		gone[id] = true;
		if
		:: victim == id -> victim = NONE
		:: else
		fi
	};
#ifndef MUT_QUIET_DEATH
	wake_head();
#endif
	UNLOCK(global_lock)
}

proctype thread(byte id)
{
	byte n, round, steps, tmp, h;
	bool ok, left;

#ifdef FOREVER
born:
#endif
	do
	:: killed[id] -> break
	:: !killed[id] && round < ROUNDS ->
#ifndef FOREVER
		round++;
#endif
		if
#ifdef FOREVER
		:: n = (id == 0 -> NF : 1); reserve();
			if
			:: ok -> call_frames(); end_call()
			:: else
			fi
#endif
#ifdef FRAMES
		:: n = 1; reserve();
			if
			:: ok -> call_frames(); end_call()
			:: else
			fi
		:: n = 2; reserve();
			if
			:: ok -> call_frames(); end_call()
			:: else
			fi
#endif
#ifdef OBJECTS
		:: n = 1; reserve();
			if
			:: ok -> call_objects(); end_call()
			:: else
			fi
#endif
#ifdef RENEWAL
		:: n = 1; reserve();
			if
			:: ok -> call_renewing()
			:: else
			fi
#endif
		:: held[id] > 0 ->	/* worst case zero: reserves nothing */
			held[id]--; put_free()
		fi;
		n = 0
	:: !killed[id] && round == ROUNDS ->
end_parked:	killed[id]		/* keeps what it has till it dies */
	od;
	die()
#ifdef FOREVER
	;
	d_step { killed[id] = false; gone[id] = false };
	goto born
#endif
}

#ifdef FOREVER
/* The large request is served although small ones never end. */
ltl admitted { [] (waiting0 -> <> !waiting0) }
#endif

/* R1, between any two steps. */
#define FREE		(gl + pc[0] + pc[1])
#if NT > 2
#define CHARGES		(P[0] + P[1] + P[2])
#else
#define CHARGES		(P[0] + P[1])
#endif

active proctype monitor()
{
end_watch:
	atomic {
		(FREE < U + C[0] + C[1] + CHARGES + R + taking) ->
		assert(false)
	}
}

init
{
	atomic {
		run thread(0);
		run thread(1);
#if NT > 2
		run thread(2)
#endif
	}
}
