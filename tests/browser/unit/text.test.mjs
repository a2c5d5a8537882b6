// Text of strangers, JSON as it was written, times and spans.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, plural, prettyJson, visible } from '../../../lib/web/page/assets/text.js';
import { shortTime, span, utcOfInput, zone } from '../../../lib/web/page/assets/time.js';

const texts = [
	['plain <b>text</b>', 'plain <b>text</b>'], ['a\u202eb', 'a\\u202eb'], ['a\u0007\u001b[31mb', 'a\\u0007\\u001b[31mb'], ['a\nb', 'a\\u000ab'],
	['zero\u200bwidth', 'zero\\u200bwidth'], ['tag\u{e0041}', 'tag\\u{e0041}'], ['\ud800', '\\ud800'], ['Ωμέγα 漢字 \u{1f512}', 'Ωμέγα 漢字 \u{1f512}'],
	['\u2028', '\\u2028'], ['\ufeff', '\\ufeff'],
];

for (const [text, shown] of texts) test(`${JSON.stringify(text)} is shown as ${JSON.stringify(shown)}`, () => assert.equal(visible(text), shown));

test('long text is cut, but not within a character', () => {
	assert.equal(visible('x'.repeat(400), 10), `${'x'.repeat(10)}…`);
	assert.equal(visible('abc\u{1f512}d', 4), 'abc…');
});

test('JSON is shown with its own numbers and escapes', () => {
	const raw = '{"a":12345678901234567890,"b":[1,{"c":"x\\"y,{"}],"d":{},"e":[],"f":"\u202e"}';
	const shown = prettyJson(raw);
	assert.match(shown, /12345678901234567890/);
	assert.match(shown, /"x\\"y,\{"/);
	assert.match(shown, /"f": "\\u202e"/);
	assert.deepEqual(JSON.parse(shown), JSON.parse(raw));
	assert.equal(prettyJson('{"a":[1,2],"b":{}}'), '{\n  "a": [\n    1,\n    2\n  ],\n  "b": {}\n}');
});

test('counts and sizes', () => {
	assert.equal(plural(1, 'event'), '1 event');
	assert.equal(plural(1234, 'event'), '1,234 events');
	for (const [n, text] of [[0, '0 B'], [1023, '1023 B'], [1536, '1.5 KiB'], [10 * 1024, '10 KiB'], [5 << 20, '5.0 MiB']]) assert.equal(bytes(n), text);
});

test('spans have their largest units', () => {
	for (const [s, text] of [[0, '0 s'], [59, '59 s'], [61, '1 min 1 s'], [3600, '1 h'], [3700, '1 h 1 min'], [2678400, '31 d'], [-5, '0 s'], [90000, '1 d 1 h']])
		assert.equal(span(s), text);
});

test('times of today have no date', () => {
	const now = new Date(2026, 10, 26, 12);
	assert.equal(shortTime(new Date(2026, 10, 26, 9, 5, 7, 42), now), '09:05:07.042');
	assert.equal(shortTime(new Date(2026, 10, 25, 9, 5, 7), now), '11-25 09:05:07');
	assert.equal(shortTime(new Date(2025, 10, 25, 9, 5, 7), now), '2025-11-25 09:05:07');
	assert.equal(shortTime('never', now), '');
	assert.equal(utcOfInput(''), '');
	assert.equal(utcOfInput('2026-11-26T09:41'), new Date(2026, 10, 26, 9, 41).toISOString());
});

test('the zone of local times is told, as it is on their day', () => {
	const before = process.env.TZ;
	const zones = [['America/Denver', '2026-11-26', 'UTC-7'], ['America/Denver', '2026-07-26', 'UTC-6'], ['Asia/Kolkata', '2026-11-26', 'UTC+5:30'],
		['America/St_Johns', '2026-11-26', 'UTC-3:30'], ['UTC', '2026-11-26', 'UTC']];
	for (const [name, day, text] of zones) {
		process.env.TZ = name;
		assert.equal(zone(new Date(`${day}T12:00:00Z`)), text);
	}
	assert.equal(zone(new Date('never')), '');
	if (before === undefined) delete process.env.TZ;
	else process.env.TZ = before;
});
