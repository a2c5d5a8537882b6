// event.js - an event as the table shows it. Pure.

import { visible } from './text.js';

export const SEVERITIES = ['info', 'success', 'low', 'medium', 'warning', 'high', 'error', 'critical'];

export const TYPES = ['dnc.number.suppressed', 'dnc.number.released', 'dnc.check.performed', 'dnc.list.synced',
	'dnc.compliance.violation', 'dnc.provider.status_change'];

// What the page keeps of an event: the line as it came, and its fields, which are parsed when they are looked at: of many
// that come at once most are never drawn.
class Item {
	#event = null;

	constructor(seq, raw) {
		this.seq = seq;
		this.raw = raw;
	}

	get event() {
		return (this.#event ??= JSON.parse(this.raw));
	}
}

// The item of a line of the hub, which begins with its number; null when it is no event.
export function readEvent(raw) {
	const seq = Number(/^\{"seq":([1-9][0-9]{0,15}),/.exec(raw)?.[1]);
	return Number.isSafeInteger(seq) ? new Item(seq, raw) : null;
}

// A text field; empty when it is absent or something else.
export const field = (event, name) => (typeof event[name] === 'string' ? event[name] : '');

// The severity if it is a known one: it becomes a class.
export const severityOf = (event) => (SEVERITIES.includes(event.severity) ? event.severity : 'info');

export const shortType = (event) => visible(field(event, 'type').replace(/^dnc\./, ''), 40);

export const dataOf = (event) => (event.event_data && typeof event.event_data === 'object' ? event.event_data : {});

// The summary without the masked number that it starts with: the number has a cell of its own.
function shortSummary(event) {
	const summary = field(event, 'summary');
	const [start, stars, end] = /^\+\d{0,3}(\*+)(\d{0,4}) /.exec(summary) ?? [''];
	return stars && field(event, 'phone_number').endsWith(end) ? summary.slice(start.length) : summary;
}

// The cells of an event, beside its time.
export function cells(event) {
	return {
		severity: visible(field(event, 'severity'), 16),
		type: shortType(event),
		number: visible(field(event, 'phone_number'), 24),
		provider: visible(field(event, 'provider'), 64),
		summary: visible(shortSummary(event)),
	};
}
