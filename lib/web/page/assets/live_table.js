// live_table.js - the table of the newest events. It is drawn in a frame, and then rests for longer than that took, so
// that the page leaves time to others; a row that falls off its end is used again for a new event. While it is paused,
// scrolled or hidden, events wait and are counted.

import { byId, setText } from './dom.js';
import { fillRow, itemOf, newRow, textRow } from './row.js';
import { count, plural } from './text.js';
import { Window } from './window.js';

const ROWS = 1000;
const AT_ONCE = 250; // rows drawn in a frame: more wait for the next ones
const NEAR_TOP = 8; // pixels: still at the newest event
const REST = 2; // times what a frame took, its layout and painting included, until the next one
const MOST_REST_MS = 100; // events shall not wait long, however busy the machine is

export class LiveTable {
	#body = byId('events');
	#scroll = byId('events-scroll');
	#waitingButton = byId('waiting');
	#window = new Window(ROWS);
	#scheduled = false;
	#again = false; // something changed while the last frame was painted
	#started = 0;
	#restsUntil = 0;
	#painted = new MessageChannel(); // its message comes after the frame
	#paused = false;
	#received = 0;
	#left = 0;
	#onChange;

	constructor({ onChange }) {
		this.#onChange = onChange;
		this.#painted.port1.onmessage = () => this.#rest();
		this.#scroll.addEventListener('scroll', () => this.#schedule(), { passive: true });
		document.addEventListener('visibilitychange', () => this.#schedule());
	}

	add(item) {
		this.#received++;
		this.#window.add(item);
		this.#schedule();
	}

	addGap(text) {
		this.#window.add({ gap: text });
		this.#schedule();
	}

	clear() {
		this.#window.clear();
		this.#body.replaceChildren();
		this.#received = this.#left = 0;
		this.#scroll.scrollTop = 0;
		this.#schedule();
	}

	get paused() {
		return this.#paused;
	}

	// What is shown, newest first.
	items() {
		return [...this.#body.rows].map((tr) => itemOf.get(tr)).filter(Boolean);
	}

	get size() {
		return this.#body.rows.length;
	}

	setPaused(paused) {
		this.#paused = paused;
		this.#schedule();
	}

	goToNewest() {
		this.#paused = false;
		this.#scroll.scrollTop = 0;
		this.#schedule();
	}

	#schedule() {
		if (this.#scheduled) {
			this.#again = true;
			return;
		}
		const draw = () => requestAnimationFrame(() => this.#frame());
		const wait = this.#restsUntil - performance.now();
		this.#scheduled = true;
		if (wait > 0) setTimeout(draw, wait);
		else draw();
	}

	#rest() {
		const now = performance.now();
		this.#restsUntil = now + Math.min(MOST_REST_MS, REST * (now - this.#started));
		this.#scheduled = false;
		if (this.#again) this.#schedule();
	}

	#frame() {
		this.#again = false;
		this.#started = performance.now();
		// Asked before anything is drawn: afterwards the answer would cost a layout of its own.
		const held = this.#paused || this.#scroll.scrollTop > NEAR_TOP;
		if (!held) this.#draw();
		this.#say(held ? this.#window.total : 0);
		this.#onChange();
		this.#painted.port2.postMessage(null);
	}

	#draw() {
		const { items, left } = this.#window.take(AT_ONCE);
		if (!items.length) return;
		const fresh = document.createDocumentFragment();
		this.#left += left;
		if (this.#window.total) this.#schedule();
		for (let i = items.length - 1; i >= 0; i--) fresh.append(this.#rowOf(items[i], items.length));
		// They would stand between these rows and those that are there.
		if (left && this.#body.rows.length) fresh.append(textRow(`${plural(left, 'event')} left out here: more came than are drawn.`, 'left-out'));
		this.#body.prepend(fresh);
		while (this.#body.rows.length > ROWS) this.#body.lastElementChild.remove();
	}

	// A row from the end of a full table, else a new one.
	#rowOf(item, arriving) {
		if (item.gap) return textRow(item.gap, 'gap');
		const last = this.#body.lastElementChild;
		const full = this.#body.rows.length + arriving > ROWS;
		const reused = full && last && itemOf.has(last) && last !== document.activeElement;
		const tr = reused ? last : newRow();
		fillRow(tr, item);
		tr.classList.remove('open');
		return tr;
	}

	#say(waiting) {
		this.#waitingButton.hidden = waiting === 0;
		if (waiting) setText(this.#waitingButton, plural(waiting, 'new event'));
		setText(byId('sampled'), this.#left === 0 ? '' : `${count(this.#left)} left out: more came than are drawn. They are in the log.`);
		const shown = this.#body.rows.length;
		setText(byId('counts'), this.#received === 0 ? '' : this.#received > shown
			? `The newest ${count(shown)} of ${count(this.#received)} events received` : plural(shown, 'event'));
	}
}
