/*
 * Two resources: frames, then credits of the journal, then locks.
 *
 * The problem: a call that changes files needs frames and room in the running
 * transaction. Room comes back only by a commit, which waits for all handles to
 * end, and needs a frame of its own; frames may come back only by a commit, if
 * what is left of the cache is dirty. Each waits for the other unless all ask
 * in one order, and those whom all wait for stand on reservations of their own.
 *
 *	line for frames ---> line for room ---> lock ---> work
 *	 holds nothing        holds a charge     holds a handle
 *	     ^                    ^                  |
 *	     |                    +--- commit <------+ ends, unused room back
 *	     +--- clean frames <-------+ standing frame
 *	     +--- a victim's memory, then the rest of its exit on a ticket
 *
 * Who waits for room keeps his charge: what he waits for needs no admission.
 *
 * Invariants:
 *  J1	frames free = U + sum P + RC + RX, between any two steps
 *  J2	no frame is taken beyond a charge, no block logged beyond a handle
 *  J3	room + used + what open handles may still log = size of the journal
 *  J4	nobody waits for frames with a handle or a lock
 *  J5	what a ticket has spent is paid back before anything is anybody's
 *  J6	what an exit keeps from one of its segments to the next lies in a cache
 * and no end state but all gone or parked; with FOREVER, under weak fairness,
 * whoever waits in either line is admitted or killed.
 *
 * Why J5: the frame that an exit spends lies in the cache, and could be
 * reclaimed for the ticket again. If the line gets it first, it may end up in
 * what only exits free (sockets, files), all of which wait for the ticket. Why
 * J6: the ticket is made whole between two segments, which cannot wait for what
 * the second would free.
 *
 * Simplified: admission is one step of a FIFO line, since reserve.pml shows
 * that it comes to that. A kill frees a victim's memory in steps of the victim,
 * which wait for nothing; the reaper of the kernel needs not even those. A
 * transaction is written at one stroke and clean then: no checkpoint.
 */

#ifndef NT
#define NT	2		/* threads, each a process of its own */
#endif
#ifndef NF
#define NF	2		/* frames that calls may use */
#endif
#ifndef JC
#define JC	2		/* blocks of a transaction */
#endif
#ifndef ROUNDS
#define ROUNDS	2		/* calls that each thread makes */
#endif
#define NC	1		/* frames of the commit thread */
#define NX	1		/* frames of the exit ticket */
#define COMMIT	NT		/* the commit thread's number */
#define NONE	255

byte free = NF + NC + NX;
byte U = NF, P[NT + 1], RC = NC, RX = NX;
byte clean, dirty;		/* frames of the cache */
byte held[NT];			/* frames that a kill frees at once */
byte pins[NT];			/* and that the victim's exit frees */

byte room = JC, used;		/* of the running transaction */
byte may_log;			/* what open handles may still log */
byte handles;
bool closing;			/* no handle begins until it is written */

bool ticket = true;		/* the exit ticket is free */
bool paying;			/* its holder waits for what it lacks */
bool killed[NT], gone[NT];
byte victim = NONE;

chan line = [NT + 1] of { byte };	/* for frames */
chan credits = [NT] of { byte };	/* for room */
byte want[NT + 1];		/* frames, of those in line */
bool waiting0;			/* thread 0 is in a line */

#ifdef FOREVER
chan inode = [NT] of { byte };
#define LOCK(l)		l ! id; l ? [eval(id)]
#define UNLOCK(l)	l ? eval(id)
#else
bool inode;
#define LOCK(l)		atomic { !l -> l = true }
#define UNLOCK(l)	l = false
#endif

/* ---- frames ---- */

/* Wait for n frames. ok: admitted; not ok: killed in line. */
inline reserve()
{
	atomic {
		line ! id;
		want[id] = n;
		waiting0 = waiting0 || id == 0
	};
	if
	:: atomic { line ? [eval(id)] && !paying && U >= n ->
		line ? eval(id);
		want[id] = 0;
		U = U - n;
		P[id] = n;
		ok = true }
	:: atomic { killed[id] ->
		line ?? eval(id);
		want[id] = 0;
		ok = false }
	fi;
	atomic { waiting0 = waiting0 && id != 0 }
}

inline take()
{
	assert(P[id] > 0 && free > 0);			/* J2, J1 */
	P[id]--;
	free--
}

/* A frame that nobody was promised pays what a ticket owes, or is anybody's. */
inline give()
{
#ifdef MUT_DEBT_LAST
	U++
#else
	if
	:: RX < NX -> RX++		/* J5 */
	:: RX == NX -> U++
	fi
#endif
}

inline give_frame()
{
	free++;
	give()
}

inline reserve_end()
{
	atomic {
		do
		:: P[id] > 0 -> P[id]--; give()
		:: P[id] == 0 -> break
		od
	}
}

/* ---- the journal ---- */

/* Wait for room for c blocks; ask for a commit if there is too little. */
inline handle_begin()
{
	atomic { credits ! id; waiting0 = waiting0 || id == 0 };
	do
#ifdef MUT_BARGE
	:: atomic { !closing && room >= c ->
#else
	:: atomic { credits ? [eval(id)] && !closing && room >= c ->
#endif
		credits ?? eval(id);
		room = room - c;
		may_log = may_log + c;
		handles++;
		waiting0 = waiting0 && id != 0;
		break }
	:: atomic { credits ? [eval(id)] && !closing && room < c ->
		closing = true }
	od
}

inline log_block()
{
	assert(may_log > 0 && spent < c);		/* J2 */
	spent++;
	may_log--;
	used++
}

/* What was not logged is room again; what was, after the commit. */
inline handle_end()
{
	atomic {
#ifdef MUT_EARLY_ROOM
		room = room + c;
#else
		room = room + c - spent;
#endif
		may_log = may_log - (c - spent);
		handles--;
		spent = 0
	}
}

active proctype commit()
{
#ifdef MUT_COMMIT_IN_LINE
	byte id = COMMIT, n = 1;
	bool ok;
#endif

end_idle:
	do
	:: closing && handles == 0 ->
#ifdef MUT_COMMIT_IN_LINE
		atomic { line ! id; want[id] = n };
		atomic { line ? [eval(id)] && !paying && U >= n ->
			line ? eval(id); want[id] = 0; U--; P[id] = 1 };
		atomic { take() };
		atomic { give_frame() };
#else
		atomic { assert(free > 0); RC--; free-- };
		atomic { free++; RC++ };
#endif
		atomic {
			clean = clean + dirty;
			dirty = 0;
			room = room + used;
			used = 0;
			closing = false
		}
	od
}

/* ---- reclaim ---- */

#define SHORT_OF(t)	(line ? [t] && U < want[t])
#if NT > 2
#define SHORT		(paying && RX < NX || SHORT_OF(0) || SHORT_OF(1) || \
			    SHORT_OF(2) || SHORT_OF(3))
#define CHARGES		(P[0] + P[1] + P[2] + P[3])
#else
#define SHORT		(paying && RX < NX || SHORT_OF(0) || SHORT_OF(1) || \
			    SHORT_OF(2))
#define CHARGES		(P[0] + P[1] + P[2])
#endif

/* Frames that a kill of t would bring back. */
#define ALIVE(t)	((t) >= NT || killed[t] -> 0 : held[t] + pins[t])

/* One at a time, the largest. */
inline kill_worst()
{
	h = 0;
	do
	:: h < NT ->
		if
		:: ALIVE(h) > most -> most = ALIVE(h); victim = h
		:: else
		fi;
		h++
	:: else -> break
	od;
	h = 0;
	most = 0;
	killed[victim] = true
}

/* Clean frames, then a commit makes dirty ones clean, then a kill. */
active proctype reclaim()
{
	byte h, most;

end_idle:
	do
	:: atomic { SHORT && clean > 0 -> clean--; give_frame() }
#ifndef MUT_NO_WRITEBACK
	:: atomic { SHORT && clean == 0 && dirty > 0 && !closing ->
		closing = true }
#endif
	:: atomic { SHORT && clean == 0 && victim == NONE &&
#ifndef MUT_NO_WRITEBACK
	    dirty == 0 &&
#endif
	    ALIVE(0) + ALIVE(1) + ALIVE(2) > 0 -> kill_worst() }
	od
}

/* ---- calls ---- */

/* Up to n frames become dirty ones of the cache, up to c blocks. */
inline change_file()
{
	do
	:: atomic { spent < c && P[id] > 0 -> take(); dirty++; log_block() }
	:: atomic { spent < c && clean > 0 -> clean--; dirty++; log_block() }
	:: break
	od
}

inline call_change()
{
#ifdef MUT_CREDITS_FIRST
	handle_begin();
	reserve();
#else
	reserve();
#endif
	if
	:: ok ->
#ifdef MUT_LOCK_FIRST
		LOCK(inode);
		handle_begin();
#else
#ifndef MUT_CREDITS_FIRST
		handle_begin();
#endif
		LOCK(inode);
#endif
		change_file();
		UNLOCK(inode);
#ifdef MUT_RENEW_IN_HANDLE
		reserve_end();
		reserve();
#endif
		handle_end();
		reserve_end()
	:: !ok ->
#ifdef MUT_CREDITS_FIRST
		handle_end()
#else
		skip
#endif
	fi
}

/* Memory that only death gives back. */
inline call_keep()
{
	reserve();
	if
	:: ok ->
		if
		:: atomic { take(); held[id]++ }
		:: atomic { take(); pins[id]++ }
		fi;
		reserve_end()
	:: !ok
	fi
}

/* fsync takes no frame: it only waits. */
inline call_sync()
{
	if
	:: atomic { used > 0 -> closing = true }; !closing
	:: used == 0
	fi
}

/* The ticket is made whole, from the front of the line. */
inline refill()
{
	if
	:: atomic { RX < NX -> paying = true };
		do
		:: atomic { RX < NX && U > 0 -> U--; RX++ }
		:: atomic { RX == NX -> paying = false; break }
		od
	:: RX == NX
	fi
}

#define FOR_THE_ASKING	(len(line) == 0 && !paying && U > 0)

/* A segment of an exit: a charge if there is one for the asking, else the
 * ticket, which it then keeps. */
inline exit_reserve()
{
	if
	:: atomic { !on_ticket && FOR_THE_ASKING -> U--; P[id] = 1 }
	:: !on_ticket && !FOR_THE_ASKING ->
		atomic { ticket -> ticket = false; on_ticket = true }
#ifdef MUT_DEBT_LAST
	:: on_ticket
#else
	:: on_ticket -> refill()
#endif
	fi
}

inline exit_take()
{
	if
	:: on_ticket -> assert(RX > 0 && free > 0); RX--; free--
	:: !on_ticket -> take()
	fi
}

/* An orphan record, say: room for a block, the lock, perhaps a frame. */
inline exit_change()
{
#ifdef MUT_TICKET_LATE
	handle_begin();
	exit_reserve();
#else
	exit_reserve();
	handle_begin();
#endif
	LOCK(inode);
	if
#ifdef MUT_EXIT_KEEPS
	:: atomic { exit_take(); pins[id]++ }
#endif
	:: atomic { exit_take(); dirty++; log_block() }
	:: atomic { clean > 0 -> clean--; dirty++; log_block() }
	:: true
	fi;
	UNLOCK(inode);
	handle_end();
	reserve_end()
}

/*
 * Memory goes first, which needs no frame; then two segments, of which the
 * first takes what outlives the exit, and the second frees what only it can.
 */
inline die()
{
	do
	:: atomic { held[id] > 0 -> held[id]--; give_frame() }
	:: held[id] == 0 -> break
	od;
	atomic { victim = (victim == id -> NONE : victim); c = 1 };
	exit_change();
	exit_reserve();
	do
#ifdef MUT_DEBT_LAST
	:: atomic { pins[id] > 0 && on_ticket && RX < NX ->
		pins[id]--; free++; RX++ }
	:: atomic { pins[id] > 0 && !(on_ticket && RX < NX) ->
		pins[id]--; give_frame() }
#else
	:: atomic { pins[id] > 0 -> pins[id]--; give_frame() }
#endif
	:: pins[id] == 0 -> break
	od;
	if
	:: on_ticket -> refill(); atomic { ticket = true; on_ticket = false }
	:: else -> reserve_end()
	fi;
	atomic { gone[id] = true; c = 0 }
}

proctype thread(byte id)
{
	byte n, c, round, spent;
	bool ok, on_ticket;

#ifdef FOREVER
born:
#endif
	do
	:: killed[id] -> break
	:: !killed[id] && round < ROUNDS ->
#ifdef FOREVER
		if
		:: atomic { n = (id == 0 -> NF : 1); c = (id == 0 -> JC : 1) };
			call_change()
		:: n = 1; call_keep()
		fi;
#else
		round++;
		if
		:: atomic { n = 1; c = 1 }; call_change()
		/* With three threads, fewer kinds: too many states. */
		:: atomic { NT < 3 || id == 0 -> n = NF; c = JC };
			call_change()
		:: n = 1; call_keep()
		:: NT < 3 -> call_sync()
		fi;
#endif
		atomic { n = 0; c = 0; ok = false }
	:: !killed[id] && round == ROUNDS ->
end_parked:	killed[id]		/* keeps what it has till it dies */
	od;
	die()
#ifdef FOREVER
	;
	atomic { killed[id] = false; gone[id] = false };
	goto born
#endif
}

#ifdef FOREVER
ltl admitted { [] (waiting0 -> <> !waiting0) }
#endif

#ifndef FOREVER
active proctype monitor()
{
end_watch:
	atomic {
		(free != U + CHARGES + RC + RX ||		/* J1 */
		    room + used + may_log != JC) ->		/* J3 */
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
