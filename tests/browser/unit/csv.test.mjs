// CSV that no spreadsheet takes for formulas, and NDJSON as it came.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cell, toCsv, toNdjson } from '../../../lib/web/page/assets/csv.js';

// The cases of dnc-tail's CSV, too.
const cases = readFileSync(new URL('../../unit/csv_cells.ndjson', import.meta.url), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));

for (const { text, cell: expected } of cases) test(`${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, () => assert.equal(cell(text), expected));

test('what is no text has a cell, too', () => assert.deepEqual([undefined, null, 7, -7, true].map(cell), ['', '', '7', '-7', 'true']));

test('a table has a head, and CR LF at each end', () => {
	const text = toCsv([{ event: { seq: 1, type: 'dnc.list.synced', provider: '=cmd', summary: 'a, b' } }]);
	assert.equal(text, "seq,timestamp,type,severity,phone_number,provider,summary,id\r\n1,,dnc.list.synced,,,'=cmd,\"a, b\",\r\n");
	assert.equal(toCsv([]), 'seq,timestamp,type,severity,phone_number,provider,summary,id\r\n');
	// dnc-tail has the same columns, so that one import reads both.
	const table = readFileSync(new URL('../../../lib/show/show.c', import.meta.url), 'utf8');
	assert.ok(table.includes(`.columns = "${toCsv([]).trim()}"`));
});

test('an object in a field is no [object Object]', () => {
	assert.match(toCsv([{ event: { summary: { a: 1 } } }]), /"\{""a"":1\}"/);
});

test('NDJSON has the lines as they came', () => {
	const raw = '{"seq":1,"n":12345678901234567890}';
	assert.equal(toNdjson([{ raw }, { raw }]), `${raw}\n${raw}\n`);
});
