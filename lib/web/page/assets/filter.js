// filter.js - filters: the words of dnc-events(7), as text in fields, in the address of the page, and as the object that
// the hub takes. Pure.

import { TYPES } from './event.js';

// shape: list (values separated by commas), pattern (one expression), text (one value), flag, range, paths.
export const WORDS = [
	{ name: 'event_types', short: 'type', shape: 'list', label: 'Type', hint: 'dnc.number.*', known: 'types' },
	{ name: 'phone_patterns', short: 'phone', shape: 'pattern', label: 'Number', hint: '202-555-0143, or ^\\+1916' },
	{ name: 'providers', short: 'provider', shape: 'list', label: 'Provider', hint: 'federal_dnc' },
	{ name: 'min_severity', shape: 'text', label: 'Severity at least', hint: 'any', known: 'severities' },
	{ name: 'severities', short: 'severity', shape: 'list', label: 'Severity exactly', hint: 'high, critical', known: 'severities', more: true },
	{ name: 'provider_ids', short: 'provider_id', shape: 'list', label: 'Provider id', hint: '', more: true },
	{ name: 'check_reasons', shape: 'list', label: 'Reason of a check', hint: 'routing', known: 'check_reasons', more: true },
	{ name: 'suppress_reasons', shape: 'list', label: 'Reason to suppress', hint: 'complaint', known: 'suppress_reasons', more: true },
	{ name: 'release_reasons', shape: 'list', label: 'Reason to release', hint: 'expired', known: 'release_reasons', more: true },
	{ name: 'sync_triggers', shape: 'list', label: 'Trigger of a sync', hint: 'scheduled', known: 'sync_triggers', more: true },
	{ name: 'sync_statuses', shape: 'list', label: 'Status of a sync', hint: 'failed', known: 'sync_statuses', more: true },
	{ name: 'time_range', shape: 'range', label: 'Time of the event', hint: '24h, or START/END', more: true },
	{ name: 'custom_filters', shape: 'paths', label: 'Any field', hint: 'metadata.reason=complaint', more: true },
	{ name: 'compliance_only', shape: 'flag', label: 'Violations only', more: true },
	{ name: 'high_risk_only', shape: 'flag', label: 'High and critical only', more: true },
	{ name: 'errors_only', shape: 'flag', label: 'Errors only', more: true },
	{ name: 'blocked_only', shape: 'flag', label: 'Blocked calls only', more: true },
];

const wordOf = (name) => WORDS.find((w) => w.name === name || w.short === name);

// A list of values, as RFC 4180 has it: one with a comma stands in quotes.
const ITEM = /\s*(?:"((?:[^"]|"")*)"\s*(?=,|$)|([^,]*))(?:,|$)/g;
export const split = (text) => [...text.matchAll(ITEM)]
	.map(([, quoted, plain]) => (quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'))).filter(Boolean);
const quote = (value) => (/[,"]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const join = (values) => values.map(quote).join(', ');

// A complete number, as people write it or as the table shows it (+1******0143), as the pattern of this number alone. Other
// text comes back as it is: it is a pattern already, or the hub says what is wrong with it. Without a country code it is a
// number of the North American plan, as the hub reads numbers.
export function patternOf(text) {
	if (!/^\(?\s*\+?[\d\s()./*\u2010-\u2015-]+$/.test(text)) return text;
	const plus = /^\(?\s*\+/.test(text);
	const digits = text.replace(/[^\d*]/g, '');
	const known = digits.startsWith('1') ? digits.length === 11 : plus && digits.length >= 8 && digits.length <= 15;
	const national = !plus && /^[2-9]\d{9}$/.test(digits);
	if (!known && !national || (!plus && digits.includes('*'))) return text;
	return `^\\+${national ? '1' : ''}${digits.replaceAll('*', '\\*')}$`;
}

// The values {name: text} without the empty ones, in the order of WORDS.
export function tidy(values) {
	const out = {};
	for (const { name, shape } of WORDS) {
		const text = String(values[name] ?? '').trim();
		if (text && !(shape === 'flag' && text !== 'true')) out[name] = text;
	}
	return out;
}

// A type, or a glob of types, as the table shows it: without "dnc.".
function typeOf(text) {
	const start = text.endsWith('.*') ? text.slice(0, -1) : null;
	const is = (name) => name === text || (start && name.startsWith(start));
	return TYPES.some((t) => is(t.slice('dnc.'.length))) ? `dnc.${text}` : text;
}

export const typesOf = (text) => text.replace(/[^\s,]+/g, typeOf);

// VALUES that a person has written, as the hub takes them.
export function asMeant(values) {
	const out = { ...values };
	if (out.event_types) out.event_types = typesOf(out.event_types);
	if (out.phone_patterns) out.phone_patterns = patternOf(out.phone_patterns);
	return out;
}

// The values in a query string; what is no word of a filter is left alone.
export function fromQuery(query) {
	const values = {};
	for (const [key, value] of new URLSearchParams(query)) {
		const word = wordOf(key);
		if (!word) continue;
		values[word.name] = values[word.name] && word.shape === 'list' ? `${values[word.name]},${value}` : value;
	}
	return asMeant(tidy(values));
}

// The names in a query string that are neither words of a filter nor OTHERS of the page: nothing is filtered by them.
export const strangeIn = (query, others) => [...new Set(new URLSearchParams(query).keys())].filter((name) => !wordOf(name) && !others.includes(name));

// A query string, empty or with '?'; OTHER parameters stay.
export function toQuery(values, other = '') {
	const query = new URLSearchParams();
	for (const [key, value] of new URLSearchParams(other)) if (!wordOf(key)) query.append(key, value);
	for (const [name, text] of Object.entries(tidy(values))) query.append(name, text);
	const text = query.toString();
	return text ? `?${text}` : '';
}

function readPaths(text) {
	const out = {};
	for (const pair of split(text)) {
		const at = pair.indexOf('=');
		const [path, value] = at < 0 ? [pair, ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
		if (!Object.hasOwn(out, path)) Object.defineProperty(out, path, { value: [], enumerable: true });
		out[path].push(value);
	}
	return out;
}

function readRange(text) {
	if (!text.includes('/')) return { relative: text };
	const [start, end] = text.split('/', 2).map((s) => s.trim());
	return { ...(start ? { start } : {}), ...(end ? { end } : {}) };
}

const READ = {
	list: split,
	pattern: (text) => [text],
	text: (text) => text,
	flag: () => true,
	range: readRange,
	paths: readPaths,
};

// The filter of a message to the hub; null when nothing is filtered. What is wrong with it the hub says.
export function toFilter(values) {
	const entries = Object.entries(tidy(values)).map(([name, text]) => [name, READ[wordOf(name).shape](text)]);
	return entries.length ? Object.fromEntries(entries) : null;
}

const WRITE = {
	list: (v) => join([].concat(v)),
	pattern: (v) => [].concat(v).length > 1 ? [].concat(v).map((p) => `(?:${p})`).join('|') : [].concat(v).join(''),
	text: String,
	flag: (v) => (v ? 'true' : ''),
	range: (v) => v.relative ?? `${v.start ?? ''}/${v.end ?? ''}`,
	paths: (v) => join(Object.entries(v).flatMap(([path, one]) => [].concat(one).map((value) => `${path}=${value}`))),
};

// The values of a filter of the hub, as a named one is.
export function fromFilter(filter) {
	const values = {};
	for (const [name, value] of Object.entries(filter)) {
		const word = wordOf(name);
		if (word) values[word.name] = WRITE[word.shape](value);
	}
	return tidy(values);
}

// Which word an error of the hub is about: "filters.phone_patterns[0]", or '' when it is about all of them.
export function wordOfPath(path) {
	return String(path ?? '').split(/[.[\]]+/).map(wordOf).find(Boolean)?.name ?? '';
}
