// knowledge.js - what the events of one number say of it. Pure.
//
// A source suppresses a number, and releases it, for itself: another source that has suppressed it has not released it.
// Events are put in the order of the time that they tell, because a list may be read later than it was written.
// A verdict is never more certain than what was read: calling a suppressed number is against the law.

import { dataOf, field } from './event.js';

const timeOf = (event, name) => {
	const own = dataOf(event)[name];
	return typeof own === 'string' && !Number.isNaN(Date.parse(own)) ? own : field(event, 'timestamp');
};

const sourceOf = (event) => {
	const { source } = dataOf(event);
	return field(event, 'provider') || (typeof source === 'string' ? source : '');
};

const text = (value) => (typeof value === 'string' ? value : '');

const byTime = (a, b) => Date.parse(a.at) - Date.parse(b.at) || a.seq - b.seq;

function steps(items) {
	return items.flatMap(({ event }) => {
		if (event.type === 'dnc.number.suppressed')
			return [{ event, seq: event.seq, does: 'suppress', at: timeOf(event, 'suppressed_at'), source: sourceOf(event) }];
		if (event.type === 'dnc.number.released')
			return [{ event, seq: event.seq, does: 'release', at: timeOf(event, 'released_at'), source: sourceOf(event) }];
		return [];
	}).sort(byTime);
}

// One source's say: {source, suppressed, since, reason, by, expires, expired, releasedAt, releaseReason, unclearAt}.
function follow(source, all, now) {
	const out = { source, suppressed: false };
	for (const step of all) {
		const data = dataOf(step.event);
		if (step.does === 'suppress') {
			if (!out.suppressed) Object.assign(out, { since: step.at, releasedAt: undefined });
			Object.assign(out, { suppressed: true, unclearAt: undefined, reason: text(data.reason), by: text(data.suppressed_by), expires: text(data.expires_at) });
		} else if (step.source && step.source === source) {
			Object.assign(out, { suppressed: false, releasedAt: step.at, releaseReason: text(data.reason), unclearAt: undefined });
		} else if (out.suppressed) {
			out.unclearAt = step.at; // a release that names no source
		}
	}
	const end = Date.parse(out.expires ?? '');
	if (out.suppressed && end <= now) Object.assign(out, { suppressed: false, expired: true });
	return out;
}

// ITEMS: the events of one number, in any order. NOW: milliseconds. READ: what is known of the reading: {seesAll: the role
// sees all suppressions and releases, more: older ones were not read, cut: the log has lost older ones}.
// {verdict: suppressed|unclear|hidden|expired|released|released_lately|nothing|nothing_left, sources, check: {at, result, by}|null,
//  violations: {count, last, type}, events}
export function knowledge(items, now, read) {
	const all = steps(items);
	const names = [...new Set(all.filter((s) => s.source || s.does === 'suppress').map((s) => s.source))];
	const sources = names.map((source) => follow(source, all.filter((s) => s.source === source || (s.does === 'release' && !s.source)), now))
		.sort((a, b) => b.suppressed - a.suppressed || a.source.localeCompare(b.source));
	const checks = items.filter(({ event }) => event.type === 'dnc.check.performed')
		.map(({ event }) => ({ at: timeOf(event, 'checked_at'), seq: event.seq, result: text(dataOf(event).result), by: text(dataOf(event).initiated_by) }))
		.sort(byTime);
	const violations = items.filter(({ event }) => event.type === 'dnc.compliance.violation')
		.map(({ event }) => ({ at: field(event, 'timestamp'), seq: event.seq, type: text(dataOf(event).violation_type) })).sort(byTime);
	return {
		verdict: limited(verdictOf(sources, all), read),
		sources,
		check: checks.at(-1) ?? null,
		violations: { count: violations.length, last: violations.at(-1)?.at, type: violations.at(-1)?.type },
		events: items.length,
	};
}

function verdictOf(sources, all) {
	const suppressing = sources.filter((s) => s.suppressed);
	if (suppressing.some((s) => !s.unclearAt)) return 'suppressed';
	if (suppressing.length) return 'unclear';
	if (sources.some((s) => s.expired)) return 'expired';
	return all.length ? 'released' : 'nothing';
}

// The verdict that is left of one when not all events were read. A suppression among the newest events is certain all the
// same: what is missing is older, and so can't release it.
function limited(verdict, { seesAll, more, cut }) {
	if (!seesAll) return 'hidden';
	if (verdict === 'suppressed') return verdict;
	if (more) return 'unclear';
	return (cut && { released: 'released_lately', nothing: 'nothing_left' }[verdict]) || verdict;
}
