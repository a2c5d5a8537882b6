// row.js - a row of a table of events. Rows are used again for other events.

import { make } from './dom.js';
import { cells, field, severityOf } from './event.js';
import { visible } from './text.js';
import { shortTime } from './time.js';

const COLUMNS = ['time', 'severity', 'type', 'number', 'provider', 'summary'];

export const itemOf = new WeakMap(); // of a row

export function newRow() {
	const tr = make('tr', '', ...COLUMNS.map((name) => {
		const td = make('td', name);
		td.setAttribute('role', 'gridcell');
		if (name === 'severity') td.append(make('span', ''));
		return td;
	}));
	tr.setAttribute('role', 'row');
	tr.tabIndex = -1;
	return tr;
}

function fillText(cell, text) {
	const node = cell.firstChild;
	if (node) node.data = text;
	else cell.textContent = text;
}

export function fillRow(tr, item) {
	const { event } = item;
	const shown = cells(event);
	const [time, severity, type, number, provider, summary] = tr.children;
	itemOf.set(tr, item);
	tr.dataset.seq = item.seq;
	tr.dataset.severity = severityOf(event);
	fillText(time, shortTime(event.timestamp));
	time.title = field(event, 'timestamp');
	severity.firstChild.textContent = shown.severity;
	fillText(type, shown.type);
	fillText(number, shown.number);
	fillText(provider, shown.provider);
	fillText(summary, shown.summary);
	summary.title = visible(field(event, 'summary'));
}

// A row that says what is missing here: events that did not come (gap), or that came and were not drawn (left-out).
export function textRow(text, className) {
	const td = make('td', '', text);
	td.colSpan = COLUMNS.length;
	td.setAttribute('role', 'gridcell');
	const tr = make('tr', className, td);
	tr.setAttribute('role', 'row');
	tr.tabIndex = -1;
	return tr;
}
