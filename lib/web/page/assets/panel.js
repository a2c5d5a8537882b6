// panel.js - a part of the side that asks the hub again and again, and says so when it gets no answer. Nothing is asked
// while the page is hidden or signed out, nor what the role may not have. Each answer is told as an event "hub-answers".

import { getJson } from './api.js';
import { note } from './dom.js';
import { longTime } from './time.js';

const UNKNOWN = 'Not known: the page is not connected.';

export class Panel {
	#options;
	#timer = 0;
	#turn = 0; // an answer of an older turn is dropped
	#on = false;
	#at = 0;
	#stale = null;

	// PLACE: the element; PATH and EVERY (seconds): functions; PERMISSION; DRAW: of the answer to elements; FADE: takes back
	// what is no more known once there is no newer answer.
	constructor(options) {
		this.#options = options;
		this.#forget(UNKNOWN);
		document.addEventListener('visibilitychange', () => this.#on && !document.hidden && this.refresh());
	}

	// The page is signed in with PERMISSIONS. Without the one that it needs a panel says so.
	start(permissions) {
		const { permission } = this.#options;
		if (!permissions.includes(permission)) {
			this.stop();
			this.#forget(`Your role may not see this: it lacks ${permission}.`);
			return;
		}
		if (this.#on) return;
		this.#on = true;
		this.refresh();
	}

	stop() {
		this.#on = false;
		this.#turn++;
		clearTimeout(this.#timer);
		this.#forget(UNKNOWN);
	}

	#forget(why) {
		const { place } = this.#options;
		place.replaceChildren(note(why));
		place.classList.remove('stale');
		this.#stale = null;
		this.#at = 0;
	}

	async refresh() {
		const turn = ++this.#turn;
		clearTimeout(this.#timer);
		if (!this.#on || document.hidden) return;
		const answer = await getJson(this.#options.path());
		if (turn !== this.#turn) return;
		this.#take(answer);
		if (answer.status === 403 || answer.status === 404) return; // it will not become better
		this.#timer = setTimeout(() => this.refresh(), this.#options.every() * 1000 * (0.9 + Math.random() * 0.2));
	}

	#take({ status, body, problem }) {
		const { place, draw, fade } = this.#options;
		if (status === 200) {
			this.#at = Date.now();
			this.#stale = null;
			place.classList.remove('stale');
			place.replaceChildren(...[].concat(draw(body)));
			document.dispatchEvent(new Event('hub-answers'));
			return;
		}
		const text = status === 404 ? 'This hub does not offer this.' : `${problem}.`;
		const shown = this.#at ? `As of ${longTime(this.#at)}: ${text}` : `Not known: ${text}`;
		if (!this.#at) return place.replaceChildren(note(shown));
		place.classList.add('stale');
		if (!this.#stale?.isConnected) place.prepend(this.#stale = note('', 'note warn'));
		this.#stale.textContent = shown;
		fade?.(place);
	}
}
