// search.js - the search of the past: by number, type, severity and time, newest first, page after page.

import { getLines } from './api.js';
import { byId, setText } from './dom.js';
import { readEvent } from './event.js';
import { typesOf } from './filter.js';
import { clearErrors, fieldOf, showError } from './form.js';
import { fillRow, itemOf, newRow, textRow } from './row.js';
import { plural, visible } from './text.js';
import { utcOfInput } from './time.js';

const LIMIT = 100;
const MOST = 5000; // rows: then the search must be narrowed

const FIELDS = [
	{ name: 'phone', label: 'Number', hint: '+1 202 555 0143', type: 'tel' },
	{ name: 'event_types', shape: 'list', label: 'Type', hint: 'dnc.number.*', known: 'types' },
	{ name: 'min_severity', shape: 'text', label: 'Severity at least' },
	{ name: 'since', label: 'Logged from', type: 'datetime-local' },
	{ name: 'until', label: 'Logged before', type: 'datetime-local' },
];

export class Search {
	#form = byId('search-form');
	#body = byId('search-results');
	#more = byId('search-more');
	#next = '';
	#asked = null;
	#may = true;

	constructor() {
		byId('search-fields').append(...FIELDS.map((f) => fieldOf(f, 'search')));
		for (const name of ['since', 'until']) this.#form.elements.namedItem(name).step = 1;
		this.#form.addEventListener('submit', (e) => {
			e.preventDefault();
			this.#begin();
		});
		this.#more.addEventListener('click', () => this.#read());
	}

	allow({ permissions }) {
		const may = permissions.includes('dnc:replay');
		for (const e of this.#form.elements) if (!e.id.startsWith('search-export')) e.disabled = !may;
		if (may === this.#may) return;
		this.#may = may;
		setText(byId('search-note'), may ? '' : 'Your role may not read the past: it lacks dnc:replay.');
		byId('search-empty').hidden = !may || this.#body.rows.length > 0;
	}

	items() {
		return [...this.#body.rows].map((tr) => itemOf.get(tr)).filter(Boolean);
	}

	focus() {
		this.#form.elements.namedItem('phone').focus();
	}

	clear() {
		this.#asked?.abort();
		this.#form.reset();
		this.#show([]);
		this.#may = true;
		setText(byId('search-note'), '');
	}

	#show(rows) {
		this.#body.replaceChildren(...rows);
		this.#more.hidden = true;
		byId('search-empty').hidden = rows.length > 0;
		byId('search-scroll').scrollTop = 0;
		this.#allowExport();
	}

	#allowExport() {
		for (const id of ['search-export-csv', 'search-export-ndjson']) byId(id).disabled = this.items().length === 0;
	}

	#begin() {
		const query = new URLSearchParams({ order: 'desc', limit: LIMIT });
		for (const { name, type } of FIELDS) {
			const field = this.#form.elements.namedItem(name);
			if (name === 'event_types') field.value = typesOf(field.value);
			const value = field.value.trim();
			if (value) query.set(name, type === 'datetime-local' ? utcOfInput(value) : value);
		}
		clearErrors(this.#form);
		this.#show([]);
		this.#next = `api/v1/events?${query}`;
		this.#read();
	}

	async #read() {
		this.#asked?.abort();
		this.#asked = new AbortController();
		const { signal } = this.#asked;
		setText(byId('search-note'), 'Searching the log ...');
		this.#more.disabled = true;
		const answer = await getLines(this.#next, { signal });
		if (signal.aborted) return;
		this.#more.disabled = false;
		if (answer.status !== 200) return this.#fail(answer.problem);
		this.#append(answer);
	}

	#fail(problem) {
		const name = FIELDS.find((f) => problem.startsWith(f.name))?.name ?? '';
		setText(byId('search-note'), '');
		showError(this.#form, name, visible(problem, 500), 'search')?.focus();
	}

	#append({ lines, next, gap }) {
		const items = lines.map(readEvent).filter(Boolean);
		this.#body.append(...items.map((item) => {
			const tr = newRow();
			fillRow(tr, item);
			return tr;
		}));
		this.#next = next;
		const size = this.items().length;
		if (!next && gap) this.#body.append(textRow(`Older events were removed from the log (${gap.replace('-', ' to ')}).`, 'gap'));
		byId('search-empty').hidden = true;
		this.#more.hidden = !next || size >= MOST;
		setText(byId('search-note'), this.#summary(size, next, gap));
		this.#allowExport();
	}

	// No more is said to be there than was read: older events may be gone, and others hidden from the role.
	#summary(size, next, gap) {
		if (!size) return next ? 'Nothing in this part of the log: go on with older events.' : `No event ${gap ? 'in what is left of the log' : 'in the log'} matches that your role may see.`;
		if (next && size >= MOST) return `${plural(size, 'event')} are shown, and there are more: narrow the search by time.`;
		return `${plural(size, 'event')}${next ? ' so far, newest first' : `: these are all ${gap ? 'that are left' : 'that your role may see'}`}`;
	}
}
