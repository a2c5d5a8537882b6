// What the events of a number say of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knowledge as knowledgeOf } from '../../../lib/web/page/assets/knowledge.js';

const NOW = Date.parse('2026-11-26T12:00:00Z');
const WHOLE = { seesAll: true, more: false, cut: false };
const knowledge = (items, now, read = WHOLE) => knowledgeOf(items, now, read);
let seq = 0;

function item(type, day, source, data = {}) {
	const at = `2026-11-${day}T00:00:00.000Z`;
	const event = { seq: ++seq, type: `dnc.${type}`, timestamp: at, event_data: { ...(source ? { source } : {}), ...data }, ...(source ? { provider: source } : {}) };
	return { seq: event.seq, event };
}

const suppressed = (day, source, data) => item('number.suppressed', day, source, { reason: 'complaint', ...data });
const released = (day, source, data) => item('number.released', day, source, { reason: 'expired', ...data });

const cases = [
	['no event', [], 'nothing'],
	['a check alone', [item('check.performed', '01', '', { result: 'allowed' })], 'nothing'],
	['a suppression', [suppressed('01', 'federal_dnc')], 'suppressed'],
	['a release of the same source', [suppressed('01', 'federal_dnc'), released('02', 'federal_dnc')], 'released'],
	['a release of another source', [suppressed('01', 'federal_dnc'), released('02', 'internal')], 'suppressed'],
	['a release that names no source', [suppressed('01', 'federal_dnc'), released('02', '')], 'unclear'],
	['one source unclear, another certain', [suppressed('01', 'federal_dnc'), released('02', ''), suppressed('03', 'state_dnc')], 'suppressed'],
	['suppressed again after an unclear release', [suppressed('01', 'federal_dnc'), released('02', ''), suppressed('03', 'federal_dnc')], 'suppressed'],
	['suppressed again, and then an unclear release', [suppressed('01', 'federal_dnc'), suppressed('02', 'federal_dnc'), released('03', '')], 'unclear'],
	['neither names its source: they may be two', [suppressed('01', ''), released('02', '')], 'unclear'],
	['suppressed again', [suppressed('01', 'internal'), released('02', 'internal'), suppressed('03', 'internal')], 'suppressed'],
	['a release alone', [released('01', 'internal')], 'released'],
	['an end that has passed', [suppressed('01', 'internal', { expires_at: '2026-11-20T00:00:00Z' })], 'expired'],
	['an end to come', [suppressed('01', 'internal', { expires_at: '2027-11-20T00:00:00Z' })], 'suppressed'],
	['logged in another order than it happened', [released('05', 'internal'), suppressed('01', 'internal')], 'released'],
	['its own time counts', [suppressed('01', 'internal', { suppressed_at: '2026-11-09T00:00:00Z' }), released('05', 'internal')], 'suppressed'],
];

for (const [name, items, verdict] of cases)
	test(`${name}: ${verdict}`, () => {
		assert.equal(knowledge(items, NOW).verdict, verdict);
		assert.equal(knowledge([...items].reverse(), NOW).verdict, verdict);
	});

const SUPPRESSED = [suppressed('01', 'a')];
const RELEASED = [suppressed('01', 'a'), released('02', 'a')];
const EXPIRED = [suppressed('01', 'a', { expires_at: '2026-11-20T00:00:00Z' })];
const readings = [
	['a role that does not see all', { seesAll: false }, ['hidden', 'hidden', 'hidden', 'hidden']],
	['older events that were not read', { more: true }, ['suppressed', 'unclear', 'unclear', 'unclear']],
	['older events that were removed', { cut: true }, ['suppressed', 'released_lately', 'nothing_left', 'expired']],
	['removed and not read', { cut: true, more: true }, ['suppressed', 'unclear', 'unclear', 'unclear']],
];

for (const [name, read, verdicts] of readings)
	test(`${name}: a verdict is not more certain than what was read`, () => {
		const found = [SUPPRESSED, RELEASED, [], EXPIRED].map((items) => knowledge(items, NOW, { ...WHOLE, ...read }).verdict);
		assert.deepEqual(found, verdicts);
	});

test('it says by whom and since when, the first time without a release between', () => {
	const { sources } = knowledge([suppressed('01', 'internal'), released('02', 'internal'), suppressed('03', 'internal', { suppressed_by: 'desk' }),
		suppressed('04', 'internal', { reason: 'regulatory', suppressed_by: 'import' })], NOW);
	assert.equal(sources.length, 1);
	const { source, suppressed: now, since, by, reason } = sources[0];
	assert.deepEqual([source, now, since, by, reason], ['internal', true, '2026-11-03T00:00:00.000Z', 'import', 'regulatory']);
});

test('sources that suppress stand first', () => {
	const { sources } = knowledge([suppressed('01', 'a'), released('02', 'a'), suppressed('01', 'b')], NOW);
	assert.deepEqual(sources.map((s) => [s.source, s.suppressed]), [['b', true], ['a', false]]);
});

test('the last check and the violations', () => {
	const k = knowledge([item('check.performed', '02', '', { result: 'blocked', initiated_by: 'telephony' }), item('check.performed', '01', '', { result: 'allowed' }),
		item('compliance.violation', '03', '', { violation_type: 'called' }), item('compliance.violation', '04', '', { violation_type: 'again' })], NOW);
	assert.equal(k.check.result, 'blocked');
	assert.equal(k.check.by, 'telephony');
	assert.deepEqual(k.violations, { count: 2, last: '2026-11-04T00:00:00.000Z', type: 'again' });
});

test('odd values are no reason to fail', () => {
	const odd = { seq: 1, event: { seq: 1, type: 'dnc.number.suppressed', timestamp: 'never', event_data: { reason: 7, source: [], expires_at: {} } } };
	assert.equal(knowledge([odd], NOW).verdict, 'suppressed');
	assert.equal(knowledge([{ seq: 1, event: { type: 'dnc.number.released', event_data: null } }], NOW).verdict, 'released');
});
