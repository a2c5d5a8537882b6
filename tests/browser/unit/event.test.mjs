// Events as the table shows them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cells, readEvent, severityOf } from '../../../lib/web/page/assets/event.js';

test('a line of the hub is an event when it begins with its number', () => {
	for (const [raw, seq] of [['{"seq":7,"type":"dnc.list.synced"}', 7], ['{"seq":9007199254740991,"a":1}', 9007199254740991], ['{"seq":9007199254740992,"a":1}', null],
		['{"type":"dnc.connection.pong","seq":7}', null], ['{"seq":"7","a":1}', null], ['{"seq":0,"a":1}', null], ['', null], ['not json', null]])
		assert.equal(readEvent(raw)?.seq ?? null, seq);
	assert.equal(readEvent('{"seq":7,"type":"x"}').event.type, 'x');
});

const event = (fields) => ({ seq: 1, type: 'dnc.number.suppressed', phone_number: '+12025550143', severity: 'high', ...fields });

test('the summary does not repeat the number beside it, and nothing else is cut', () => {
	for (const [summary, number, shown] of [['+1******0143 suppressed: x', '+12025550143', 'suppressed: x'], ['+1******0143 suppressed: x', '+1******0143', 'suppressed: x'],
		['+1******9999 suppressed: x', '+12025550143', '+1******9999 suppressed: x'], ['+12025550143 is here', '+12025550143', '+12025550143 is here'],
		['federal_dnc list sync: success', '', 'federal_dnc list sync: success'], ['+1******0143', '+12025550143', '+1******0143']])
		assert.equal(cells(event({ summary, phone_number: number })).summary, shown);
});

test('what is no text is shown as nothing, and an unknown severity has no colour of its own', () => {
	const odd = event({ summary: { a: 1 }, provider: 7, severity: 'toString', phone_number: null });
	assert.deepEqual(cells(odd), { severity: 'toString', type: 'number.suppressed', number: '', provider: '', summary: '' });
	assert.equal(severityOf(odd), 'info');
	assert.equal(cells(event({ severity: '\u202e\u202e\u202e' })).severity, '\\u202e\\u202e\\u202e');
});
