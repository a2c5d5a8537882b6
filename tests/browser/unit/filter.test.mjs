// Filters: text in fields, the address of the page, and what the hub takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WORDS, asMeant, fromFilter, fromQuery, patternOf, split, strangeIn, tidy, toFilter, toQuery, wordOfPath } from '../../../lib/web/page/assets/filter.js';

test('each word has the name that the hub has', async () => {
	const { readFile } = await import('node:fs/promises');
	const table = await readFile(new URL('../../../lib/filter/words.c', import.meta.url), 'utf8');
	const names = [...table.matchAll(/\{\.name = DNC_STR\("(\w+)"\)/g)].map((m) => m[1]);
	assert.ok(names.length > 10);
	assert.deepEqual(WORDS.map((w) => w.name).sort(), names.sort());
	const shorts = [...table.matchAll(/short_name = DNC_STR\("(\w+)"\)/g)].map((m) => m[1]);
	assert.deepEqual(WORDS.map((w) => w.short).filter(Boolean).sort(), shorts.sort());
});

const cases = [
	['nothing', {}, '', null],
	['a list', { event_types: 'dnc.number.*, dnc.list.synced' }, '?event_types=dnc.number.*%2C+dnc.list.synced',
		{ event_types: ['dnc.number.*', 'dnc.list.synced'] }],
	['a pattern with a comma', { phone_patterns: '^\\+1(916|415){1,2}' }, '?phone_patterns=%5E%5C%2B1%28916%7C415%29%7B1%2C2%7D',
		{ phone_patterns: ['^\\+1(916|415){1,2}'] }],
	['a flag', { errors_only: 'true' }, '?errors_only=true', { errors_only: true }],
	['a severity', { min_severity: 'high' }, '?min_severity=high', { min_severity: 'high' }],
	['a time before now', { time_range: '24h' }, '?time_range=24h', { time_range: { relative: '24h' } }],
	['two times', { time_range: '2026-01-01T00:00:00Z/2026-02-01T00:00:00Z' }, '?time_range=2026-01-01T00%3A00%3A00Z%2F2026-02-01T00%3A00%3A00Z',
		{ time_range: { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' } }],
	['values with commas and quotes', { providers: '"Acme, Inc", Beta, "the ""B"" list"' },
		'?providers=%22Acme%2C+Inc%22%2C+Beta%2C+%22the+%22%22B%22%22+list%22', { providers: ['Acme, Inc', 'Beta', 'the "B" list'] }],
	['a path whose value has a comma', { custom_filters: '"event_data.note=a,b", event_data.note=c' },
		'?custom_filters=%22event_data.note%3Da%2Cb%22%2C+event_data.note%3Dc', { custom_filters: { 'event_data.note': ['a,b', 'c'] } }],
	['paths', { custom_filters: 'metadata.reason=complaint, metadata.reason=testing, event_data.list_name=a=b' },
		'?custom_filters=metadata.reason%3Dcomplaint%2C+metadata.reason%3Dtesting%2C+event_data.list_name%3Da%3Db',
		{ custom_filters: { 'metadata.reason': ['complaint', 'testing'], 'event_data.list_name': ['a=b'] } }],
];

for (const [name, values, query, filter] of cases)
	test(`${name} goes to the address and to the hub, and comes back`, () => {
		assert.equal(toQuery(values), query);
		assert.deepEqual(fromQuery(query), values);
		assert.deepEqual(toFilter(values), filter);
		if (filter) assert.deepEqual(fromFilter(filter), values);
	});

test('short names are understood, other parameters stay', () => {
	assert.deepEqual(fromQuery('?type=a&type=b&phone=5&view=search'), { event_types: 'a,b', phone_patterns: '5' });
	assert.equal(toQuery({ event_types: 'a' }, '?view=search&type=b&severities=c'), '?view=search&event_types=a');
});

test('what is no word of a filter is known as such', () => {
	assert.deepEqual(strangeIn('?bogus=1&type=a&view=hub&phone_patterns=5&bogus=2&severty=high', ['view']), ['bogus', 'severty']);
	assert.deepEqual(strangeIn('', []), []);
});

test('empty values and flags that are off are no filter', () => {
	assert.deepEqual(tidy({ event_types: '  ', errors_only: '', blocked_only: 'yes', nothing: 'x' }), {});
	assert.deepEqual(split(' a,, b ,'), ['a', 'b']);
	assert.deepEqual(split('"a,b'), ['"a', 'b']);
	assert.deepEqual(split('"a,b" , "c" d'), ['a,b', '"c" d']);
});

test('a path named __proto__ is a path like others', () => {
	const { custom_filters: paths } = toFilter({ custom_filters: '__proto__=x, constructor=y' });
	assert.equal(JSON.stringify(paths), '{"__proto__":["x"],"constructor":["y"]}');
	assert.equal({}.x, undefined);
});

test('several patterns of a named filter become one that matches the same', () => {
	const { phone_patterns: one } = fromFilter({ phone_patterns: ['^\\+1916', '00$'] });
	for (const [number, matches] of [['+19165550143', true], ['+12025550100', true], ['+12025550143', false]])
		assert.equal(new RegExp(one).test(number), matches);
});

test('a complete number, as people write it, is the pattern of this number', () => {
	for (const text of ['202-555-0143', '(202) 555-0143', '202.555.0143', '2025550143', '1 202 555 0143', '12025550143', '+12025550143',
		'+1 (202) 555\u20110143', '(+1) 202/555-0143'])
		assert.equal(patternOf(text), '^\\+12025550143$', text);
	assert.equal(patternOf('+44 20 7946 0958'), '^\\+442079460958$');
	assert.equal(patternOf('+1******0143'), '^\\+1\\*\\*\\*\\*\\*\\*0143$');
	assert.ok(new RegExp(patternOf('+1******0143')).test('+1******0143'));
	for (const text of ['^\\+1916', '0143$', '1916', '+1916', '+120255501', '5550143', '1025550143', '+', '', '(303', '1{2}', '202|303', '.*', '+1202*'])
		assert.equal(patternOf(text), text);
	assert.deepEqual(fromQuery('?phone=202-555-0143'), { phone_patterns: '^\\+12025550143$' });
	assert.deepEqual(fromQuery('?phone_patterns=+12025550143'), { phone_patterns: '^\\+12025550143$' });
});

test('a type as the table shows it is this type', () => {
	for (const [text, meant] of [['list.synced', 'dnc.list.synced'], ['number.*', 'dnc.number.*'], ['dnc.list.synced, check.performed', 'dnc.list.synced, dnc.check.performed'],
		['lists.synced', 'lists.synced'], ['dnc.*', 'dnc.*'], ['*', '*'], ['.*', '.*']])
		assert.deepEqual(asMeant({ event_types: text }), { event_types: meant });
});

test('an error of the hub finds its field', () => {
	for (const [path, name] of [['filters.phone_patterns[0]', 'phone_patterns'], ['phone_patterns[0]', 'phone_patterns'], ['filters', ''],
		['filters[1].min_severity', 'min_severity'], ['custom_filters.metadata.reason', 'custom_filters'], [undefined, '']])
		assert.equal(wordOfPath(path), name);
});
