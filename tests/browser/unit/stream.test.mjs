// Where a client is in the log, how long it waits, what waits to be drawn, and what the status line says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../../../lib/web/page/assets/backoff.js';
import { gapText } from '../../../lib/web/page/assets/gap.js';
import { Position } from '../../../lib/web/page/assets/position.js';
import { emptyText, expiryText, statusText, stepOf } from '../../../lib/web/page/assets/status_text.js';
import { axisLabel, niceTop, stack } from '../../../lib/web/page/assets/series.js';
import { Window } from '../../../lib/web/page/assets/window.js';

test('a position is that of the last event, with the epoch of its connection', () => {
	const p = new Position();
	assert.equal(p.start(), null);
	p.established('one');
	p.confirmed({ from_seq: 10, recovered: true });
	assert.deepEqual(p.start(), { since: 9, epoch: 'one' });
	assert.ok(p.event(12));
	p.established('two');
	assert.deepEqual(p.start(), { since: 12, epoch: 'one' });
	p.confirmed({ from_seq: 13, recovered: true });
	assert.deepEqual(p.start(), { since: 12, epoch: 'two' });
});

test('when a gap is announced the old position stays until it comes', () => {
	const p = new Position();
	p.established('one');
	p.confirmed({ from_seq: 5, recovered: true });
	p.established('two');
	p.confirmed({ from_seq: 50, recovered: false });
	assert.deepEqual(p.start(), { since: 4, epoch: 'one' });
	p.gap({ to_seq: 49 });
	assert.deepEqual(p.start(), { since: 49, epoch: 'two' });
});

test('another epoch of the log is that of a position from this connection', () => {
	const p = new Position();
	p.established('one');
	p.moved({ epoch: 'two', first_seq: 5 });
	assert.equal(p.start(), null);
	p.confirmed({ from_seq: 5, recovered: true });
	assert.deepEqual(p.start(), { since: 4, epoch: 'two' });
	p.moved({ epoch: 'three', first_seq: 5 });
	assert.deepEqual(p.start(), { since: 4, epoch: 'three' });
	assert.ok(p.event(5));
	assert.deepEqual(p.start(), { since: 5, epoch: 'three' });
	p.established('three');
	p.moved({ epoch: 'four', first_seq: 50 });
	assert.deepEqual(p.start(), { since: 5, epoch: 'three' }, 'it is not confirmed yet');
	p.confirmed({ from_seq: 50, recovered: false });
	p.moved({ epoch: 'five', first_seq: 50 });
	assert.deepEqual(p.start(), { since: 5, epoch: 'three' }, 'the gap has yet to come');
	p.gap({ to_seq: 49 });
	assert.deepEqual(p.start(), { since: 49, epoch: 'five' });
});

test('a repeated event is refused, but not the same number after a new start of the log', () => {
	const p = new Position();
	p.established('one');
	assert.deepEqual([5, 5, 4, 6].map((n) => p.event(n)), [true, false, false, true]);
	p.established('two');
	assert.ok(p.event(3));
});

test('waits grow, have an end, and obey the hub', () => {
	const b = new Backoff(() => 1);
	const waits = Array.from({ length: 9 }, () => b.next());
	assert.deepEqual(waits.slice(0, 4), [500, 1000, 2000, 4000]);
	assert.equal(waits.at(-1), 5000);
	b.reset();
	assert.equal(b.next(3000), 3000);
	assert.equal(new Backoff(() => 0).next(), 250);
});

test('of more than fit the newest are kept, and the others counted', () => {
	const w = new Window(10);
	for (let i = 1; i <= 35; i++) w.add(i);
	assert.equal(w.total, 35);
	assert.deepEqual(w.take(4), { items: [26, 27, 28, 29], left: 25 });
	assert.equal(w.total, 6);
	for (let i = 36; i <= 40; i++) w.add(i);
	assert.deepEqual(w.take(10), { items: [31, 32, 33, 34, 35, 36, 37, 38, 39, 40], left: 1 });
	assert.deepEqual(w.take(10), { items: [], left: 0 });
	for (let i = 0; i < 1000; i++) w.add(i);
	assert.equal(w.total, 1000);
	w.clear();
	assert.equal(w.total, 0);
});

const quiet = { seconds: 0, received: 0, looked: 0, filtered: false };

test('the status line says why nothing comes', () => {
	assert.equal(statusText('live', '', quiet), 'Connected');
	assert.equal(statusText('live', '', { ...quiet, seconds: 130 }), 'Connected, quiet: nothing came in for more than 2 min');
	assert.equal(statusText('live', '', { ...quiet, seconds: 130, filtered: true, looked: 1200 }), 'Connected, quiet: the filter matched 0 of 1,200 events');
	assert.match(statusText('reconnecting', 'the connection was lost', quiet), /^Reconnecting: the connection was lost/);
	assert.match(statusText('offline', 'the hub can\'t be reached', quiet), /^Not connected: /);
	assert.match(statusText('token', '', quiet), /sign in/);
	assert.equal(stepOf(29), 0);
	assert.equal(stepOf(3599), 1800);
});

test('the end of a token is told in time', () => {
	for (const [ms, text] of [[NaN, ''], [11 * 60000, ''], [9 * 60000, 'The token expires in less than 10 min'], [60000, 'The token expires in less than 2 min']])
		assert.equal(expiryText(ms), text);
});

test('the status line changes seldom while it is quiet', () => {
	const texts = new Set();
	for (let s = 0; s < 3600; s++) texts.add(statusText('live', '', { ...quiet, seconds: s }));
	assert.equal(texts.size, 7);
});

test('an empty table tells the cases apart', () => {
	const titles = [['connecting', quiet], ['offline', quiet], ['live', quiet], ['live', { ...quiet, filtered: true }], ['live', { ...quiet, filtered: true, looked: 9 }]]
		.map(([state, q]) => emptyText(state, '', q)[0]);
	assert.equal(new Set(titles).size, 5);
	// Without a word of what the hub has not been asked.
	for (const filtered of [false, true]) {
		const [, text] = emptyText('live', '', { ...quiet, filtered, blind: true });
		assert.match(text, /role may not read the past.*from now on/);
	}
	const [title, text] = emptyText('live', 'The hub refuses the filter, so that no event comes', { ...quiet, filtered: true });
	assert.equal(title, 'No event is shown');
	assert.match(text, /^The hub refuses the filter.*Change the filter/);
});

test('a gap says what is missing and why', () => {
	assert.equal(gapText({ from_seq: 5, to_seq: 1204, reason: 'retention' }), 'Gap: 1,200 events of the log (5 to 1,204) are not shown: they are older than the log keeps.');
	assert.match(gapText({ from_seq: 5, to_seq: 4, reason: 'epoch' }), /None of its events/);
	assert.match(gapText({ from_seq: 5, to_seq: 6, reason: 'forbidden' }), /^Gap: up to 2 events .* your role may not read the past\.$/);
	assert.match(gapText({ from_seq: 5, to_seq: 5, reason: 'unheard' }), /1 event of the log \(number 5\) is not shown: unheard/);
});

test('columns stand on each other, and what is not known is none', () => {
	const data = stack({ types: { b: [null, 2, 0], a: [null, 1, 4] } }, ['a', 'b']);
	assert.deepEqual(data.types.map((t) => [t.type, t.total]), [['a', 5], ['b', 2]]);
	assert.deepEqual(data.types[1].columns, [{ step: 1, from: 1, to: 3 }]);
	assert.deepEqual(data.known, [false, true, true]);
	assert.deepEqual([data.most, data.total, data.peak.step], [4, 7, 2]);
	assert.deepEqual(stack({ types: {} }, []).types, []);
	for (const [most, top] of [[0, 4], [4, 4], [5, 5], [11, 20], [21, 25], [260, 500], [1001, 2000]]) assert.equal(niceTop(most), top);
});

test('the values of an axis fit beside it', () => {
	assert.deepEqual([2, 12.5, 250, 1000, 1250, 12500, 250000, 1250000].map(axisLabel), ['2', '12.5', '250', '1K', '1.25K', '12.5K', '250K', '1.25M']);
	for (let most = 1; most < 1e9; most = Math.ceil(most * 1.3))
		for (const v of [niceTop(most), niceTop(most) / 2]) assert.ok(axisLabel(v).length <= 5, axisLabel(v));
});
