// csv.js - events as CSV (RFC 4180). Pure.
//
// Text that a spreadsheet takes for a formula gets an apostrophe before it, by the rule of dnc-tail(1), -o csv
// (lib/show/table.c): tests/unit/csv_cells.ndjson has cases for both.

const COLUMNS = ['seq', 'timestamp', 'type', 'severity', 'phone_number', 'provider', 'summary', 'id'];

const FORMULA = /^(?:[\t\r]|[\u0000- \u00a0\u3000\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20])/;
const NUMBER = /^[+-][0-9]+(?:\.[0-9]+)?$/;
const MASKED = /^\+[0-9]+\*{2,}[0-9]*(?: |$)/; // no formula has two stars side by side

const isFormula = (text) => FORMULA.test(text) && !NUMBER.test(text) && !MASKED.test(text);

export function cell(value) {
	if (value === undefined || value === null) return '';
	const text = isFormula(String(value)) ? `'${value}` : String(value);
	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// ITEMS are {event}; the columns are those of dnc-tail -o csv (lib/show/show.c), in their order; ends of lines are CR LF.
export function toCsv(items) {
	const rows = items.map(({ event }) => COLUMNS.map((name) => {
		const value = event[name];
		return cell(value !== null && typeof value === 'object' ? JSON.stringify(value) : value);
	}).join(','));
	return [COLUMNS.join(','), ...rows].map((row) => `${row}\r\n`).join('');
}

// The lines as the hub sent them.
export const toNdjson = (items) => items.map(({ raw }) => `${raw}\n`).join('');
