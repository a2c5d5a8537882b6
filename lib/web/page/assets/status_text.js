// status_text.js - what the status line says: how the page is connected, and why nothing comes. Pure.
//
// The line is read aloud when it changes, so it changes in steps.

import { span } from './time.js';
import { plural } from './text.js';

const STEPS = [30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400];

// The largest step that SECONDS has reached; 0: none.
export const stepOf = (seconds) => STEPS.findLast((s) => seconds >= s) ?? 0;

// What is said before the token expires, MS milliseconds before; NaN: it never does.
export function expiryText(ms) {
	const step = [2, 10].find((minutes) => ms < minutes * 60000);
	return step ? `The token expires in less than ${step} min` : '';
}

const sentence = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

const HEADS = {
	connecting: 'Connecting to the hub',
	reconnecting: 'Reconnecting',
	offline: 'Not connected',
	denied: 'Access denied',
	token: 'Not connected: sign in with a token',
	live: 'Connected',
};

// STATE is the body's; WHY, a sentence or ''; QUIET {seconds since the last event or the start, received, looked at,
// filtered: there is a filter, blind: the role may not read the past}.
export function statusText(state, why, quiet) {
	const head = HEADS[state];
	if (state === 'token') return why ? `Not connected: ${why}` : head;
	if (state === 'denied') return `${head}: ${why.replace(/^access denied: /, '')}`;
	if (state !== 'live') return why ? `${head}: ${why}` : head;
	if (why) return `${head}. ${why}`;
	const step = stepOf(quiet.seconds);
	if (!step) return head;
	if (quiet.filtered && quiet.looked > 0 && quiet.received === 0)
		return `${head}, quiet: the filter matched 0 of ${plural(quiet.looked, 'event')}`;
	return `${head}, quiet: nothing came in for more than ${span(step)}`;
}

// What an empty table says: [title, text].
export function emptyText(state, why, quiet) {
	if (state === 'connecting') return ['Connecting', 'The newest events will appear here.'];
	if (state === 'reconnecting' || state === 'offline')
		return ['Not connected', `${sentence(why || 'the hub can\'t be reached')}. The page tries again by itself.`];
	if (state === 'denied') return ['Access denied', sentence(why.replace(/^access denied: /, ''))];
	if (why) return ['No event is shown', `${sentence(why)}. Change the filter, or clear it.`];
	if (quiet.filtered && quiet.looked > 0)
		return ['No event matches the filter', `The hub has looked at ${plural(quiet.looked, 'event')}, ${quiet.blind ? 'those since the page connected' : 'the past and the new ones'}, and none matched. Change the filter, or clear it.`];
	if (quiet.blind) return [quiet.filtered ? 'No event matches the filter yet' : 'No events yet',
		'Your role may not read the past (it lacks dnc:replay): the page begins with what comes from now on.'];
	if (quiet.filtered) return ['No event matches the filter yet', 'Nothing in the newest part of the log matches, and no new event has come. The search finds older ones.'];
	return ['No events yet', 'The page is connected, and the hub has sent nothing. Events appear here within milliseconds of their arrival.'];
}
