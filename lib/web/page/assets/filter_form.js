// filter_form.js - the form of the filters. It and the address of the page say the same.

import { byId, make, setText } from './dom.js';
import { WORDS, asMeant, fromFilter, fromQuery, strangeIn, tidy, toFilter, toQuery, wordOfPath } from './filter.js';
import { clearErrors, fieldOf, showError } from './form.js';
import { visible } from './text.js';

export class FilterForm {
	#form = byId('filters');
	#named = byId('named-filters');
	#toggle = byId('toggle-filters');
	#filters = [];
	#apply;
	#applied = '';

	// APPLY is called with a filter that is to be used.
	constructor({ apply }) {
		this.#apply = apply;
		for (const word of WORDS) this.#place(word).append(fieldOf(word, 'filter'));
		this.#form.addEventListener('submit', (e) => {
			e.preventDefault();
			this.#typed();
		});
		this.#form.addEventListener('change', (e) => e.target !== this.#named && this.#typed());
		this.#named.addEventListener('change', () => this.#useNamed());
		this.#toggle.addEventListener('click', () => this.#reveal(!this.#form.classList.contains('shown')));
		byId('clear-filters').addEventListener('click', () => this.use({}));
		globalThis.addEventListener('popstate', () => this.#fromAddress());
		this.#show(fromQuery(location.search));
		this.#applied = toQuery(this.values());
	}

	#place({ shape, more }) {
		return byId(shape === 'flag' ? 'flag-fields' : more ? 'more-fields' : 'filter-fields');
	}

	values() {
		const values = {};
		for (const { name, shape } of WORDS) {
			const input = this.#form.elements.namedItem(name);
			values[name] = shape === 'flag' ? (input.checked ? 'true' : '') : input.value;
		}
		return tidy(values);
	}

	filter() {
		return toFilter(this.values());
	}

	get isEmpty() {
		return this.filter() === null;
	}

	// On a small screen the form is behind a button.
	#reveal(shown) {
		this.#form.classList.toggle('shown', shown);
		this.#toggle.setAttribute('aria-expanded', String(shown));
	}

	focus() {
		this.#reveal(true);
		this.#form.elements.namedItem('event_types').focus();
	}

	// Fills the fields with VALUES and applies them.
	use(values) {
		this.#show(values);
		this.#changed();
	}

	// Whoever used the page has signed out: a pattern may be a number that the next one may not see. What earlier filters
	// left in the history of the tab no page can remove.
	forget() {
		this.#show({});
		this.#applied = '';
		this.#markNamed();
		clearErrors(this.#form);
		history.replaceState(null, '', location.pathname);
	}

	// The hub refuses the filter: ERROR is its message.
	refuse({ path, message }) {
		const name = wordOfPath(path);
		const word = WORDS.find((w) => w.name === name);
		this.#reveal(true);
		if (word?.more) byId('more-filters').open = true;
		showError(this.#form, name, visible(message, 500), 'filters');
	}

	// Also what of the address is ignored.
	say(text) {
		const strange = strangeIn(location.search, ['view']).map((name) => `"${visible(name, 40)}"`);
		const ignored = strange.length ? `The address has what is no field of a filter: ${strange.slice(0, 5).join(', ')}. It filters nothing.` : '';
		setText(byId('filters-note'), [text, ignored].filter(Boolean).join(' '));
	}

	// FILTERS of roles.conf: {name, about, filter}.
	offer(filters) {
		this.#filters = filters;
		byId('named').hidden = filters.length === 0;
		const options = filters.map(({ name, about }) => {
			const option = make('option', '', about ? `${visible(name, 60)}: ${visible(about, 80)}` : visible(name, 60));
			option.value = name;
			return option;
		});
		this.#named.replaceChildren(this.#named.options[0], ...options);
		this.#markNamed();
	}

	#useNamed() {
		const chosen = this.#filters.find(({ name }) => name === this.#named.value);
		this.use(chosen ? fromFilter(chosen.filter) : {});
	}

	// Which named filter the fields are.
	#markNamed() {
		const now = toQuery(this.values());
		const set = Object.keys(this.values()).length;
		setText(this.#toggle, set ? `Filters (${set})` : 'Filters');
		this.#named.value = now ? this.#filters.find(({ filter }) => toQuery(fromFilter(filter)) === now)?.name ?? '' : '';
	}

	// The fields show what is made of what was typed.
	#typed() {
		this.use(asMeant(this.values()));
	}

	#fromAddress() {
		this.#show(fromQuery(location.search));
		this.#changed({ keepAddress: true });
	}

	#show(values) {
		for (const { name, shape, more } of WORDS) {
			const input = this.#form.elements.namedItem(name);
			const value = values[name] ?? '';
			if (shape === 'flag') input.checked = value === 'true';
			else this.#set(input, value);
			if (more && value) byId('more-filters').open = true;
		}
	}

	// A value that the hub would refuse is shown all the same, so that its message has a place.
	#set(input, value) {
		if (input instanceof HTMLSelectElement && ![...input.options].some((o) => o.value === value))
			input.append(make('option', '', value));
		input.value = value;
	}

	#changed({ keepAddress = false } = {}) {
		const query = toQuery(this.values());
		this.#markNamed();
		// A click on the button comes after the change of the field: the hub may have answered in between.
		if (query === this.#applied) return;
		clearErrors(this.#form);
		this.say('');
		this.#applied = query;
		if (!keepAddress) history.pushState(null, '', toQuery(this.values(), location.search) || location.pathname);
		this.#apply(this.filter());
	}
}
