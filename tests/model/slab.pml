/*
 * Slabs: what a call's objects cost in frames, as kernel/mem/slab.c has it and
 * tools/bounds counts it.
 *
 * The problem: the analyzer says of a segment (from one reserve or renewal to
 * the next) only this: at no moment has it more than n objects of a cache that
 * it got itself and has not freed itself. It charges ceil(n / per slab) frames.
 * That must suffice whatever other calls do to the slabs meanwhile, and what
 * lies about half-used must not keep a waiter waiting for ever.
 *
 *	         magazine of a CPU <------- put: any object of a slab that
 *	          |    ^      | flush        is not private to the caller
 *	   get 1. |    | 3.   v
 *	        call  published slab <--+ end or renewal publishes
 *	          ^                     |
 *	   get 2. +--- private slab ----+ <-- put: by the call itself
 *	                   ^ 4. a frame of the charge
 *
 * Invariants:
 *  S1	no frame is taken with nothing left of the charge
 *  S2	each object of a slab is in one place
 *  S3	free frames >= unpromised + what is left of charges
 * and no end state but all threads gone: whoever waits is admitted.
 *
 * Why S1: a frame is taken only if every slot of the segment's private slabs is
 * out, and what is out of them was got by this segment, or freed by another
 * into a magazine, where the count still has it. So n objects, the new one
 * with them, lie in more slots than the slabs so far have.
 *
 * Simplified: one cache, two slots to a frame; the promise is one number and
 * the line a wait until it suffices, since reserve.pml shows that credits and
 * lists come to that. A thread picks a CPU, hence a magazine, at each step.
 * What it keeps after a segment is anybody's to free; a kill frees such an
 * object. Renewal is an end and a beginning.
 */

#ifndef NT
#define NT	2
#endif
#ifndef NF
#define NF	3		/* frames */
#endif
#ifndef OBJECTS
#define OBJECTS	3		/* the most a segment may ask for */
#endif
#define NCPU	2
#define PER	2		/* objects of a slab */
#define MAG	3		/* objects of a magazine */
#define HALF	2		/* what a refill gets; (MAG + 1) / 2 */
#define KEEP	1		/* what a flush leaves; MAG / 2 */

#define FREE		0
#define PUBLISHED	1
#define PRIVATE		2	/* to thread 0; + 1: to thread 1 */

byte state[NF];			/* of each frame */
byte slots[NF];			/* free objects linked in it */
byte mag[NCPU * NF];		/* objects in magazines, by slab */
byte own[NT * NF];		/* got in this segment, still the thread's */
byte kept[NF];			/* of earlier segments, or handed over */

byte U = NF, P[NT], bound[NT];
byte want[NT];			/* frames it waits for */

#define IN_MAG(c)	(mag[(c) * NF] + mag[(c) * NF + 1] + mag[(c) * NF + 2])
#if NF > 3
#error IN_MAG() counts three slabs
#endif

/* s is some f for which cond holds; blocks if there is none. */
#define ANY(s, cond0, cond1, cond2)					\
	if								\
	:: cond0 -> s = 0						\
	:: cond1 -> s = 1						\
	:: cond2 -> s = 2						\
	fi

/* s is the first frame in such a state with a free slot; NF: none. */
inline find(s, what)
{
	s = 0;
	do
	:: s < NF && !(state[s] == (what) && slots[s] > 0) -> s++
	:: else -> break
	od
}

/* The frame of an empty published slab goes to the charge, else to all. */
inline release(s)
{
	state[s] = FREE;
	slots[s] = 0;
	if
	:: P[id] < bound[id] -> P[id]++
	:: else -> U++
	fi
}

/*
 * Objects past keep go back to their slabs, private or not; an empty slab may
 * be let go or kept, as the cache has it.
 */
inline flush(c, keep)
{
	do
	:: IN_MAG(c) > keep ->
		ANY(s, mag[c * NF] > 0, mag[c * NF + 1] > 0,
		    mag[c * NF + 2] > 0);
		mag[c * NF + s]--;
		slots[s]++;
		if
		:: state[s] == PUBLISHED && slots[s] == PER -> release(s)
		:: true
		fi
	:: IN_MAG(c) <= keep -> break
	od
}

inline pick_cpu()
{
	if
	:: c = 0
	:: c = 1
	fi
}

inline get()
{
	atomic {
		pick_cpu();
		if
		:: IN_MAG(c) > 0 ->
			ANY(s, mag[c * NF] > 0, mag[c * NF + 1] > 0,
			    mag[c * NF + 2] > 0);
			mag[c * NF + s]--
		:: IN_MAG(c) == 0 ->
			find(s, PRIVATE + id);
			if
			:: s < NF -> slots[s]--
			:: s == NF ->
				/* Refill; the last of it is ours. */
				do
				:: IN_MAG(c) < HALF ->
					find(s, PUBLISHED);
					if
					:: s < NF -> slots[s]--;
						mag[c * NF + s]++
					:: s == NF -> break
					fi
				:: IN_MAG(c) == HALF -> break
				od;
				s = NF;
				if
				:: IN_MAG(c) > 0 ->
					ANY(s, mag[c * NF] > 0,
					    mag[c * NF + 1] > 0,
					    mag[c * NF + 2] > 0);
					mag[c * NF + s]--
				:: IN_MAG(c) == 0
				fi
			fi
		fi
	};
	if
	:: s < NF -> skip
	:: s == NF -> new_slab()
	fi;
	atomic { own[id * NF + s]++; level++; s = 0; c = 0 }
}

inline new_slab()
{
	d_step {
		assert(P[id] > 0);			/* S1 */
		P[id]--;
		s = 0;
		do
		:: s < NF && state[s] != FREE -> s++
		:: else -> break
		od;
		assert(s < NF);				/* S3 */
#ifdef MUT_SHARED_SLAB
		state[s] = PUBLISHED;
#else
		state[s] = PRIVATE + id;
#endif
		slots[s] = PER - 1
	}
}

/* An object of slab s, already out of own[] or kept[]. */
inline put()
{
#ifndef MUT_PUT_SHARED
	if
	:: state[s] == PRIVATE + id -> slots[s]++
	:: state[s] != PRIVATE + id ->
#endif
		pick_cpu();
		if
		:: IN_MAG(c) == MAG -> t = s; flush(c, KEEP); s = t; t = 0
		:: IN_MAG(c) < MAG
		fi;
		mag[c * NF + s]++
#ifndef MUT_PUT_SHARED
	fi
#endif
}

inline put_own()
{
	atomic {
		ANY(s, own[id * NF] > 0, own[id * NF + 1] > 0,
		    own[id * NF + 2] > 0);
		own[id * NF + s]--;
		put();
		level--; s = 0; c = 0
	}
}

/* Not got in this segment: the count does not fall. */
inline put_kept()
{
	atomic {
		ANY(s, kept[0] > 0, kept[1] > 0, kept[2] > 0);
		kept[s]--;
		put();
#ifdef MUT_OLD_FREE
		if
		:: level > 0 -> level--
		:: else
		fi;
#endif
		s = 0; c = 0
	}
}

/* The segment's slabs are published, an empty one perhaps let go. */
inline publish()
{
	s = 0;
	do
	:: s < NF ->
		atomic {
			if
			:: state[s] == PRIVATE + id ->
				state[s] = PUBLISHED;
				if
				:: slots[s] == PER -> release(s)
				:: true
				fi
			:: state[s] != PRIVATE + id
			fi;
			s++
		}
	:: s == NF -> break
	od;
	s = 0
}

inline end_segment()
{
	d_step {
		s = 0;
		do
		:: s < NF ->
			kept[s] = kept[s] + own[id * NF + s];
			own[id * NF + s] = 0;
			s++
		:: s == NF -> break
		od;
		s = 0
	};
#ifndef MUT_KEEP_PRIVATE
	publish();
#endif
	atomic { U = U + P[id]; P[id] = 0; bound[id] = 0; level = 0 }
}

proctype thread(byte id)
{
	byte n, level, s, c, t;

	do
	:: atomic {
		if
		:: n = 1
		:: n = 2
		:: OBJECTS > 2 -> n = OBJECTS
		fi;
		want[id] = (n + PER - 1) / PER
	   };
		atomic { U >= want[id] ->
			U = U - want[id];
			P[id] = want[id];
			bound[id] = want[id];
			want[id] = 0 };
		do
		:: level < n -> get()
		:: put_own()
		:: put_kept()
		:: break
		od;
		end_segment();
		n = 0
	:: break
	od;
	publish()
}

#define EMPTY(s)	(state[s] == PUBLISHED && slots[s] == PER)
#define SHORT		(want[0] > U || want[1] > U)

/* While somebody waits: empty slabs, then magazines, then a kill. */
active proctype reclaim()
{
	byte s;

end_idle:
	do
	:: atomic { SHORT && (EMPTY(0) || EMPTY(1) || EMPTY(2)) ->
		ANY(s, EMPTY(0), EMPTY(1), EMPTY(2));
		state[s] = FREE; slots[s] = 0; U++; s = 0 }
#ifndef MUT_NO_DRAIN
	:: atomic { SHORT && IN_MAG(0) > 0 ->
		ANY(s, mag[0] > 0, mag[1] > 0, mag[2] > 0);
		mag[s]--; slots[s]++; s = 0 }
	:: atomic { SHORT && IN_MAG(1) > 0 ->
		ANY(s, mag[NF] > 0, mag[NF + 1] > 0, mag[NF + 2] > 0);
		mag[NF + s]--; slots[s]++; s = 0 }
#endif
	:: atomic { SHORT && !EMPTY(0) && !EMPTY(1) && !EMPTY(2) &&
#ifndef MUT_NO_DRAIN
	    IN_MAG(0) + IN_MAG(1) == 0 &&
#endif
	    kept[0] + kept[1] + kept[2] > 0 ->
		ANY(s, kept[0] > 0, kept[1] > 0, kept[2] > 0);
		kept[s]--; slots[s]++; s = 0 }
	od
}

#define PLACES(s)	(slots[s] + mag[s] + mag[NF + s] + kept[s] + \
			    own[s] + own[NF + s])
#define WHOLE(s)	(PLACES(s) == (state[s] == FREE -> 0 : PER))
#define IS_FREE(s)	(state[s] == FREE -> 1 : 0)

active proctype monitor()
{
end_watch:
	atomic {
		IS_FREE(0) + IS_FREE(1) + IS_FREE(2) != U + P[0] + P[1] ->
		assert(false)					/* S3 */
	}
}

init
{
	atomic {
		run thread(0);
		run thread(1)
	}
}
