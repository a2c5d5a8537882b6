/* changes.c - a shared log as a whole: its epochs, what it has lost, and how far its follower has looked. */
#include "priv/journal_ops.h"

void journal_epochs_replace(struct dnc_journal *j, struct epoch_list *list)
{
	epochs_replace(j->epochs, list);
}

void journal_lost(struct dnc_journal *j, uint64_t from, uint64_t to)
{
	if (j->changes.lost)
		return;
	j->changes.lost_from = from;
	j->changes.lost_to = to;
	j->changes.lost = true; /* last: who sees it sees the numbers */
}

bool dnc_journal_lost(const struct dnc_journal *j, uint64_t *from, uint64_t *to)
{
	if (!j->changes.lost)
		return false;
	*from = j->changes.lost_from;
	*to = j->changes.lost_to;
	return true;
}

void journal_round_begin(struct dnc_journal *j)
{
	j->changes.rounds_begun++;
}

void journal_round_end(struct dnc_journal *j)
{
	j->changes.rounds_ended = (uint64_t)j->changes.rounds_begun;
}

bool dnc_journal_is_shared(const struct dnc_journal *j)
{
	return j->changes.look;
}

/* The round under way may have looked already at what has changed since. The next one may begin before anybody wakes the
 * follower: `asked` is set before the number of that round is taken. */
uint64_t dnc_journal_ticket(struct dnc_journal *j)
{
	j->changes.asked = true;
	return j->changes.rounds_begun + 1;
}

void dnc_journal_look(struct dnc_journal *j)
{
	if (j->changes.look)
		j->changes.look(j);
}

bool dnc_journal_is_answered(const struct dnc_journal *j, uint64_t ticket)
{
	return j->changes.rounds_ended >= ticket;
}
