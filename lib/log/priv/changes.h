/* changes.h - what the follower of a shared journal tells this process about the log as a whole: that it has new
 * epochs, that events are gone which this process has shown, and when it has seen all there is.
 *
 * A journal that no other process writes uses none of it, but journal_epochs_replace() when it is opened. Else the
 * follower's thread alone calls these functions; what they set is read by any. The order counts: what is told here is told before the events that come after it are
 * handed on (dnc_writer_dequeue()), so that whoever sees such an event knows of the change. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "epochs.h"

struct dnc_journal;

/* A part of struct dnc_journal, all zero at first. */
struct journal_changes {
	/* Set when the journal is opened, and not changed later; NULL: nobody else writes the log. Makes the follower look at the
	 * log (a round, see below) at once instead of at its next NOTIFY or timeout, and after the round under way, if any, once more. Any
	 * thread; must not block: it writes to an eventfd. Called up to 20 times a second by each worker, and by readers that
	 * find an epoch that the journal does not know. */
	void (*look)(struct dnc_journal *j);
	atomic_uint_fast64_t rounds_begun, rounds_ended;
	/* The next round is to begin with a commit: set with each ticket (dnc_journal_ticket()), because a round may begin by
	 * itself before anybody asks for one, and by look(). The follower clears it. */
	atomic_bool asked;
	atomic_uint_fast64_t lost_from, lost_to;
	atomic_bool lost;
};

/* LIST has all epochs of the log in the order in which they began (SELECT epoch, first_seq FROM dnc.epochs ORDER BY n); the last
 * is the current one. LIST is taken and empty then; one that is empty before changes nothing. Can't fail.
 *
 * When the journal is opened: before anybody else uses it.
 *
 * While it is open, call it when the list has grown and the newest event that was read is still there, with its id, so
 * that all that was read is part of the new epoch, and before an event with the number FIRST of the new epoch or later is
 * handed on; then call the writer's `committed` callback. Each hub tells all its clients, before the next event: "your
 * position is of this epoch now". Calling it again with the same newest epoch is allowed, and tells nobody. */
void journal_epochs_replace(struct dnc_journal *j, struct epoch_list *list);

/* Events FROM to TO, which were handed on, are not in the log any more, or others have their numbers now: TO is the newest
 * that was read, FROM the first that differs (the first number of the new epoch, when that is smaller than or equal to
 * TO). Or they were removed before they were read, and TO + 1 is there. What clients were shown can't be taken back, and
 * they were promised each event in its turn, so this is final: the daemon closes its clients, says which numbers are
 * gone, and ends with status 75. After it
 * - don't call journal_epochs_replace(): clients leave with the epoch of what they have seen;
 * - read and hand on nothing more, and let the drain not wait for the follower (dnc_writer_drain*): only what this hub adds
 *   is still committed and acknowledged, which other hubs show;
 * - call the writer's `committed` callback once: the daemon looks at dnc_journal_lost() there.
 * Only the first call counts. Prints nothing. */
void journal_lost(struct dnc_journal *j, uint64_t from, uint64_t to);

/* A round is one look at the log by its follower: epochs, and events up to the last one there is. The follower calls
 * journal_round_begin() before it asks the server for anything, and journal_round_end() when the server (the primary, or
 * whatever knows all that was acknowledged) had no newer event and no newer epoch, and journal_epochs_replace() and the handing on of
 * events are done. A round that is broken off (no server) is not ended; the next one begins anew.
 * So a client that comes from another hub with a position of which this one does not know yet is neither sent events
 * again nor told a gap that is none: the hub waits until a round has ended that began after it asked. */
void journal_round_begin(struct dnc_journal *j);
void journal_round_end(struct dnc_journal *j);
