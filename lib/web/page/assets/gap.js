// gap.js - what a row says of events that were left out. Pure.

import { count, plural } from './text.js';

const WHY = {
	retention: 'they are older than the log keeps',
	epoch: 'the log was restored, or has lost its end',
	lag: 'this page was too far behind',
	rate_limit: 'the rate limit of your role held them back too long',
	forbidden: 'they came while the page was not connected, and your role may not read the past',
	missing: 'they were deleted from the log',
	too_large: 'they are too large',
	no_memory: 'the hub had no memory for them',
	role_cost: 'the patterns of your role take too much work on their numbers',
};

export function gapText({ from_seq: from, to_seq: to, reason }) {
	const why = WHY[reason] ?? String(reason);
	if (to < from) return `Gap: the log is not the one of before (${why}). None of its events is left out.`;
	const which = to === from ? `number ${count(from)}` : `${count(from)} to ${count(to)}`;
	// Of these some may not have matched the filter.
	return `Gap: ${reason === 'forbidden' ? 'up to ' : ''}${plural(to - from + 1, 'event')} of the log (${which}) ${to === from ? 'is' : 'are'} not shown: ${why}.`;
}
