/* channel_stats.c - what channels have evaluated and matched. */
#include "priv/channel.h"

void channels_count_looks(const struct channels *all, struct dnc_hub_stats *stats)
{
	stats->channels = channels_count(all);
	stats->evaluated = all->past_looks;
	stats->matched = all->past_matches;
	for (const struct channel *a = all->table; a; a = a->hh.next) {
		stats->evaluated += channel_looks(a);
		stats->matched += a->matches;
	}
}

size_t dnc_channel_stats_add(struct dnc_channel_stats *out, size_t count, size_t room,
	const struct dnc_channel_stats *next)
{
	size_t at = count < room ? count : room;

	if (at == room && (!room || out[room - 1].clients >= next->clients))
		return room;
	if (at == room)
		at--;
	else
		count++;
	for (; at && out[at - 1].clients < next->clients; at--)
		out[at] = out[at - 1];
	out[at] = *next;
	return count;
}

size_t channels_largest(const struct channels *all, struct dnc_channel_stats *out, size_t room)
{
	size_t count = 0;

	for (const struct channel *a = all->table; a; a = a->hh.next)
		count = dnc_channel_stats_add(out, count, room,
			&(struct dnc_channel_stats){
				a->id, a->members, channel_looks(a), a->matches});
	return count;
}
