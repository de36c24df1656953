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
 * what is left of each call's charge, R the standing reservation for exits. A
 * credit below zero belongs to who is about to put back what it did not have:
 * it is worth nothing.
 * A count is not tied to a list: a frame behind CPU 0's credit may lie on CPU
 * 1's list, and the take finds it there.
 *
 * Invariants:
 *  R1	frames on lists >= U + sum of the C above zero + sum P + R, and what is
 *	being taken
 *  R2	a take never finds the lists empty
 *  R3	a call never takes with nothing left of its charge
 *  R4	whoever is admitted by the slow path is the head of the queue
 * and nobody sleeps for ever: no end state but all exited or parked; with
 * FOREVER, under weak fairness, a queued call is admitted or killed (admitted).
 *
 * One line of Promela, or one d_step, is one atomic step: at most one locked
 * operation, or one critical section of the pool's lock or the line's. What
 * such a section does to credits is against locked operations of other CPUs;
 * its own CPU's cannot come between, since kernel code is not preempted there.
 * Slots of slabs are counted, two to a frame; slabs with free slots merge (a
 * real kernel must wait until both slots of one frame are free, which only
 * takes longer).
 *
 * Each MUT_ macro breaks one rule; check sees that spin finds every one. What
 * slabs cost is slab.pml's; the journal's credits are journal.pml's.
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
#define ITEMS	NF		/* the most turns of a linear call */
#ifdef MUT_LINEAR_WHOLE
#define TURNS(n)	(n)
#else
#define TURNS(n)	((n) < NF - 1 -> (n) : NF - 1)
#endif
#define NONE	255

#define CPU	(id % NCPU)

byte gl = NF + NR, pc[NCPU];	/* frames on the lists */
byte U = NF, P[NT], R = NR;
short C[NCPU];			/* below zero: put_back() comes */
bool mid[NCPU];			/* between the two; only its CPU asks */
byte taking;			/* charged already, frame not yet popped */
byte slots, priv[NT];		/* free slots: published; private to a call */
byte held[NT], objs[NT];	/* frames and objects kept after the call */
byte bound[NT];
byte items = 1;			/* turns that a linear call makes; only grows */

/*
 * A lock of a journal, say. Where liveness is the question it is a queue, since
 * weak fairness alone promises nobody a lock that is free now and then.
 */
#ifdef FOREVER
chan mutex = [NT] of { byte };
#define LOCK(l)		l ! id; l ? [eval(id)]
#define UNLOCK(l)	l ? eval(id)
#else
bool mutex;
#define LOCK(l)		atomic { !l -> l = true }
#define UNLOCK(l)	l = false
#endif

bool ticket = true;		/* the exit ticket is free */
chan queue = [NT] of { byte };	/* waiters, in order */
byte nwait;			/* read without the lock */
bool woken[NT], killed[NT], gone[NT];
bool waiting0;			/* thread 0 is in the queue */
byte victim = NONE;


/* Woken even if nothing was given: it may have to choose a victim. */
inline wake_head()
{
	d_step {
		if
		:: nwait > 0 -> queue ? <h>; woken[h] = true; h = 0
		:: else
		fi
	}
}

/* All of this CPU's credit becomes anybody's. */
inline spill()
{
	d_step { !mid[CPU] -> U = U + C[CPU]; C[CPU] = 0 };
	wake_head()
}

/*
 * x frames that lie on lists become anybody's: to the credit; then a look, for
 * who queued meanwhile may have drained already.
 */
inline give(x)
{
#ifdef MUT_WAKE_FIRST
	/* A waiter that drains between the look and the sum is lost. */
	wake_head();
	d_step { !mid[CPU] -> C[CPU] = C[CPU] + x; P[id] = 0 };
	if
	:: C[CPU] > CAP -> spill()
	:: else
	fi
#else
	d_step { !mid[CPU] -> C[CPU] = C[CPU] + x; P[id] = 0 };
	if
	:: nwait > 0 || C[CPU] > CAP -> spill()
	:: else
	fi
#endif
}

/* All credits, in one step: see the top. What is below zero stays. */
#define GOOD(c)	(C[c] > 0 -> C[c] : 0)
#define BAD(c)	(C[c] < 0 -> C[c] : 0)
#if defined(MUT_DRAIN_NEGATIVE)
inline drain_step()
{
	U = U + C[0] + C[1];
	C[0] = 0;
	C[1] = 0
}
#elif defined(MUT_DRAIN_DISCARD)
inline drain_step()
{
	U = U + GOOD(0) + GOOD(1);
	C[0] = 0;
	C[1] = 0
}
#else
inline drain_step()
{
	U = U + GOOD(0) + GOOD(1);
	C[0] = BAD(0);
	C[1] = BAD(1)
}
#endif

/* What comes before: a look and an exchange where one step is needed. */
inline drain_begin()
{
#ifdef MUT_DRAIN_LATE
	if
	:: C[1 - CPU] > 0 ->
		d_step { got = BAD(1 - CPU); C[1 - CPU] = GOOD(1 - CPU) };
		d_step { C[1 - CPU] = C[1 - CPU] + got; got = 0 }
	:: else
	fi
#else
	skip
#endif
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

/* Whole slabs go back to the global count. */
inline shrink()
{
	d_step {
		do
		:: slots >= 2 -> slots = slots - 2; gl++; U++
		:: else -> break
		od
	}
}

/* The head has nothing to hope for but a death: kill the largest. */
inline kill_worst()
{
	if
	:: victim == NONE ->
		h = 0;
		do
		:: h < NT ->
			if
			:: !gone[h] && !killed[h] && held[h] + objs[h] > 0 &&
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

/* Admitted with n frames. */
inline admit()
{
	U = U - n;
	P[id] = n;
	bound[id] = n;
	ok = true
}

#if defined(MUT_PUT_BACK_ELSEWHERE)
#define put_back()	C[1 - CPU] = C[1 - CPU] + n
#elif defined(MUT_PUT_BACK_NOT)
#define put_back()	skip
#else
#define put_back()	C[CPU] = C[CPU] + n
#endif

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
	/* Subtract; below zero, put it back, on the same CPU. */
	d_step {
		!mid[CPU] -> C[CPU] = C[CPU] - n;
		if
		:: C[CPU] >= 0 -> P[id] = n; bound[id] = n; ok = true
		:: else -> mid[CPU] = true
		fi
	};
	if
	:: ok
	:: else ->
		d_step { put_back(); mid[CPU] = false };
#ifndef MUT_PUT_BACK_QUIET
		/* A give-back like any other: see give(). */
		if
		:: nwait > 0 && C[CPU] > 0 -> spill()
		:: else
		fi
#endif
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

#ifdef MUT_BARGE
#define MAY_TRY	true
#else
#define MAY_TRY	nwait == 0
#endif

/* The credit did not do: the count, while nobody waits. */
inline try_count()
{
	drain_begin();
	d_step {
		if
		:: MAY_TRY ->
			drain_step();
			if
			:: U >= n -> admit()
			:: else
			fi
		:: else
		fi
	}
}

inline slow_path()
{
	try_count();
	if
	:: ok
	:: else ->
		d_step {
			queue ! id;
			nwait++;
			waiting0 = waiting0 || id == 0
		};
		wait_turn()
	fi
}

#ifdef MUT_DEAF
#define STAYS	true
#else
#define STAYS	!killed[id]
#endif

/* nwait counts us before we drain: see give(). */
inline wait_turn()
{
	do
	:: ok || left -> break
	:: else ->
		if
#ifndef MUT_DEAF
		:: killed[id] -> leave_queue(); left = true
#endif
		:: STAYS && queue ? [eval(id)] ->
			drain_begin();
			d_step {
				drain_step();
				if
				:: U >= n -> admit()		/* R4 */
				:: else
				fi
			};
			if
			:: ok -> leave_queue()
			:: else ->
				shrink();
				d_step {
					if
					:: U < n -> kill_worst()
					:: else -> woken[id] = true
					fi
				}
			fi
		:: STAYS && !queue ? [eval(id)]
		fi;
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

/* Give back, then queue, holding nothing: not the mutex either. */
inline renew()
{
#ifdef MUT_RENEW_LATE
	wake_head();
	tmp = P[id];
	reserve();
	if
	:: ok -> d_step { U = U + tmp; tmp = 0 }; wake_head()
	:: else -> tmp = 0; end_call()
	fi
#else
	end_call();
	reserve()
#endif
}

/*
 * Work under a mutex in two portions, with a renewal between them. The first
 * portion may turn out to need nothing.
 */
inline call_renewing()
{
	LOCK(mutex);
	if
	:: take(); held[id]++
	:: NT < 3 -> skip		/* with three, too many states */
	fi;
#ifndef MUT_RENEW_LOCKED
	UNLOCK(mutex);
#endif
	renew();
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

/*
 * One frame, and one for each item, till the end of the portion. How many items
 * there are is read first and looked at again under their lock; more than a
 * charge may be are done in portions.
 */
inline call_linear()
{
	do
	:: ok ->
		LOCK(mutex);
		todo = TURNS(items - done);
		if
#ifndef MUT_LINEAR_STALE
		:: 1 + todo > n ->
			UNLOCK(mutex);
			end_call();
			n = 1 + todo;
			reserve()
		:: 1 + todo <= n ->
#else
		:: true ->
#endif
			done = done + todo;
			todo++;
			do
			:: steps < todo -> take(); steps++
			:: steps == todo -> break
			od;
			do
			:: steps > 0 -> put_charged(); steps--
			:: steps == 0 -> break
			od;
			todo = TURNS(items - done);
			UNLOCK(mutex);
			end_call();
			if
			:: todo == 0 -> break
			:: todo > 0 -> n = 1 + todo; reserve()
			fi
		fi
	:: !ok -> break
	od;
	done = 0;
	todo = 0
}

/*
 * Death frees everything, needing a frame for that, and the mutex. The frame is
 * the ticket's if there is no other. Here it comes back at once; journal.pml
 * has what a ticket owes.
 */
inline die()
{
#ifdef MUT_NO_BYPASS
	/* The exit asks like a call, behind the head that waits for it. */
	killed[id] = false;
	n = 1;
	reserve();
	give(P[id]);
	killed[id] = true;
	n = 0;
#endif
	d_step { n = 1; ok = false };
#ifndef FOREVER			/* there, too many states */
	fast_path();
	if
	:: ok
	:: else -> try_count()
	fi;
#endif
	if
	:: ok ->
		LOCK(mutex);
		take();
		put_charged();
		UNLOCK(mutex);
		end_call()
	:: else ->
		atomic { ticket -> ticket = false; woken[id] = false };
		LOCK(mutex);
		d_step { R--; taking++ };
		pop();
		push();
		R++;
		UNLOCK(mutex)
	fi;
	do
	:: held[id] > 0 -> held[id]--; put_free()
	:: else -> break
	od;
	skip;
	d_step { slots = slots + objs[id]; objs[id] = 0 };
	d_step {
		ticket = ticket || !ok;
		n = 0;
		ok = false;
		gone[id] = true;
		victim = (victim == id -> NONE : victim)
	}
#ifndef MUT_QUIET_DEATH
	;
	wake_head()
#endif
}

proctype thread(byte id)
{
	byte n, round, steps, tmp, h;
	bool ok, left;
#ifdef MUT_DRAIN_LATE
	short got;
#endif
#ifdef LINEAR
	byte todo, done;
#endif

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
#ifdef LINEAR
		:: n = 1 + TURNS(items); reserve(); call_linear()
		:: LOCK(mutex);
			items = (items < ITEMS -> items + 1 : items);
			UNLOCK(mutex)
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

#ifndef FOREVER
active proctype monitor()
{
end_watch:
	atomic {
		(FREE < U + GOOD(0) + GOOD(1) + CHARGES + R + taking) ->
		assert(false)
	}
}
#endif

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
