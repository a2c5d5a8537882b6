// detail.js - the pane with one event, whole, and the history of its number.

import { getLines } from './api.js';
import { byId, button, facts, isNarrow, make, note } from './dom.js';
import { field, readEvent, shortType } from './event.js';
import { itemOf } from './row.js';
import { count, prettyJson, visible } from './text.js';
import { longTime, shortTime, zone } from './time.js';

const HISTORY = 50;

// On a small screen the pane covers everything else.
const covered = ['main', 'side'].map(byId).concat([...document.querySelectorAll('header, nav')]);

function cover(on) {
	for (const e of covered) e.inert = on;
}

export class Detail {
	#pane = byId('detail');
	#row = null;
	#raw = '';
	#asked = null; // an AbortController
	#lookUp;
	#mayReplay = false;
	#masked = false;

	// LOOKUP is called with a number that is to be looked up.
	constructor({ lookUp }) {
		this.#lookUp = lookUp;
		byId('close-detail').addEventListener('click', () => this.close());
		byId('copy-event').addEventListener('click', () => this.#copy());
	}

	allow({ permissions }) {
		this.#mayReplay = permissions.includes('dnc:replay');
		this.#masked = !permissions.includes('dnc:pii');
	}

	get isOpen() {
		return !this.#pane.hidden;
	}

	// Opens the event of ROW of a table. FOCUS: the keyboard goes there.
	openRow(row, focus) {
		const item = itemOf.get(row);
		if (!item) return;
		this.#row?.classList.remove('open');
		this.#row = row;
		row.classList.add('open');
		this.#open(item, focus);
	}

	close() {
		if (!this.isOpen) return;
		this.#asked?.abort();
		this.#pane.hidden = true;
		document.body.dataset.detail = 'closed';
		cover(false);
		this.#row?.classList.remove('open');
		if (this.#pane.contains(document.activeElement) || document.activeElement === document.body) this.#row?.focus({ preventScroll: true });
		this.#row = null;
		for (const id of ['detail-facts', 'detail-json', 'detail-history']) byId(id).replaceChildren();
		this.#raw = '';
	}

	#open({ event, raw, seq }, focus) {
		this.#raw = raw;
		this.#pane.hidden = false;
		document.body.dataset.detail = 'open';
		cover(isNarrow());
		byId('detail-title').textContent = visible(field(event, 'summary') || shortType(event));
		byId('detail-facts').replaceChildren(...facts(this.#rows(event, seq)).childNodes);
		byId('detail-json').textContent = prettyJson(raw);
		byId('copy-event').textContent = 'Copy';
		this.#pane.scrollTop = 0;
		byId('detail-json').scrollTop = 0;
		if (focus) byId('detail-title').focus();
		this.#showHistory(event, seq);
	}

	#rows(event, seq) {
		const logged = event.metadata?.ingested_at;
		const number = field(event, 'phone_number');
		const look = number && !this.#masked && this.#mayReplay
			? make('span', '', visible(number, 24), ' ', button('What is known', 'quiet small', () => this.#lookUp(number))) : visible(number, 24);
		return [
			['Time', `${longTime(event.timestamp)} ${zone(new Date(event.timestamp))}`.trim(), '', `${field(event, 'timestamp')} (UTC)`],
			['Severity', visible(field(event, 'severity'), 16)],
			['Type', visible(field(event, 'type'), 60)],
			['Number', look],
			['Provider', visible(field(event, 'provider'), 64)],
			['Logged', typeof logged === 'string' ? longTime(logged) : '', '', visible(logged ?? '', 40)],
			['In the log', `event ${count(seq)}`],
		];
	}

	async #showHistory(event, seq) {
		const number = field(event, 'phone_number');
		const place = byId('detail-history');
		this.#asked?.abort();
		byId('detail-history-title').hidden = !number;
		if (!number) return place.replaceChildren();
		if (!this.#mayReplay) return place.replaceChildren(note('Your role may not read the past: it lacks dnc:replay.'));
		place.replaceChildren(note('Reading the log ...'));
		this.#asked = new AbortController();
		const { signal } = this.#asked;
		const answer = await getLines(`api/v1/events?phone=${encodeURIComponent(number)}&order=desc&limit=${HISTORY}`, { signal });
		if (signal.aborted) return;
		if (answer.status !== 200) return place.replaceChildren(note(`Not known: ${visible(answer.problem)}.`, 'note warn'));
		place.replaceChildren(...this.#history(answer, seq));
	}

	#history({ lines, next, gap }, seq) {
		const items = lines.map(readEvent).filter(Boolean);
		const list = make('ul', 'history', ...items.map((item) => {
			const time = make('time', '', shortTime(item.event.timestamp).replace(/\.\d+$/, ''));
			const b = button('', '', () => this.#open(item, true));
			b.append(time, make('span', '', visible(field(item.event, 'summary') || shortType(item.event), 120)));
			if (item.seq === seq) b.setAttribute('aria-current', 'true');
			return make('li', '', b);
		}));
		const notes = [];
		if (next) notes.push(note(`The newest ${count(items.length)} are shown; the search has older ones.`));
		if (gap) notes.push(note('Older events were removed from the log.'));
		if (this.#masked) notes.push(note('Your role sees masked numbers: these events may be of several numbers with the same last digits.'));
		return items.length ? [list, ...notes] : [note('The log has no event of this number that you may see.'), ...notes];
	}

	async #copy() {
		try {
			await navigator.clipboard.writeText(this.#raw);
			byId('copy-event').textContent = 'Copied';
		} catch {
			getSelection().selectAllChildren(byId('detail-json'));
			byId('copy-event').textContent = 'Selected: press Ctrl-C';
		}
	}
}
