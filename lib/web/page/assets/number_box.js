// number_box.js - the box that answers what is known of a number: from its events in the log, and no more than they say.

import { getJson, getLines } from './api.js';
import { byId, facts, make, note, timeElement } from './dom.js';
import { clearErrors, showError } from './form.js';
import { readEvent } from './event.js';
import { knowledge } from './knowledge.js';
import { count, plural, visible } from './text.js';
import { longTime } from './time.js';

const PAGES = 5; // that are read, newest first; that there are more is said

// What decides, and what is told beside it: read one by one, so that many checks do not hide a suppression.
const DECISIONS = 'dnc.number.suppressed,dnc.number.released';
const OTHERS = 'dnc.check.performed,dnc.compliance.violation';

const VERDICTS = {
	suppressed: ['Suppressed', 'bad'],
	unclear: ['Not clear', 'warn'],
	hidden: ['Not clear', 'warn'],
	expired: ['Suppression expired', 'warn'],
	released: ['Released', 'good'],
	released_lately: ['Released, as far as the log goes back', 'warn'],
	nothing: ['No suppression known', ''],
	nothing_left: ['No suppression in what is left of the log', 'warn'],
};

const at = (text) => timeElement(longTime(text), text);

function sourceRow(s) {
	const name = s.source ? visible(s.source, 48) : 'source not named';
	const by = s.by ? `, by ${visible(s.by, 48)}` : '';
	const reason = s.reason ? ` (${visible(s.reason, 48)}${by})` : by;
	if (s.suppressed && s.unclearAt)
		return [name, make('span', '', 'suppressed since ', at(s.since), `${reason}; a release that names no source came `, at(s.unclearAt)), 'warn'];
	if (s.suppressed) return [name, make('span', '', 'suppressed since ', at(s.since), reason, ...(s.expires ? [', until ', at(s.expires)] : [])), 'bad'];
	if (s.expired) return [name, make('span', '', 'expired ', at(s.expires), `${reason}; no release is in the log`), 'warn'];
	return [name, make('span', '', 'released ', at(s.releasedAt), s.releaseReason ? ` (${visible(s.releaseReason, 48)})` : '')];
}

function checkText({ at: time, result, by }) {
	return make('span', '', visible(result, 24), ', ', at(time), by ? `, by ${visible(by, 48)}` : '');
}

function violationText({ count: n, last, type }, more) {
	return make('span', '', `${more ? 'at least ' : ''}${count(n)}, the last `, at(last), type ? ` (${visible(type, 60)})` : '');
}

// All events of NUMBER of these TYPES, newest first, PAGES of them at most: {items, more, gap}, or {problem}.
async function readAll(number, types, signal) {
	const items = [];
	let path = `api/v1/events?phone=${encodeURIComponent(number)}&event_types=${types}&order=desc&limit=1000`;
	let gap = '';
	let odd = false;
	for (let page = 0; path && page < PAGES; page++) {
		const answer = await getLines(path, { signal });
		if (answer.status !== 200) return { problem: answer.problem };
		const read = answer.lines.map(readEvent).filter(Boolean);
		odd ||= read.length < answer.lines.length;
		items.push(...read);
		gap ||= answer.gap;
		path = answer.next;
	}
	return { items, more: path !== '' || odd, gap };
}

// Where the log begins, and what of it the role sees: {seesAll, seq, at}; undefined is not known.
async function readReach(signal) {
	const [info, first] = await Promise.all([getJson('api/v1/info', { signal }), getLines('api/v1/events?limit=1', { signal })]);
	const { oldest_seq: seq, you } = info.status === 200 ? info.body : {};
	const event = first.status === 200 && first.lines[0] ? readEvent(first.lines[0])?.event : undefined;
	return { seesAll: you?.sees_all, seq, at: event?.metadata?.ingested_at ?? event?.timestamp };
}

export class NumberBox {
	#form = byId('number-form');
	#place = byId('number-answer');
	#asked = null;
	#seesViolations = false;

	constructor() {
		this.#form.addEventListener('submit', (e) => {
			e.preventDefault();
			this.ask(byId('number').value);
		});
	}

	// Without dnc:pii and dnc:replay there is nothing to answer.
	allow({ permissions }) {
		this.#seesViolations = permissions.includes('compliance:read');
		const lacks = ['dnc:pii', 'dnc:replay'].find((p) => !permissions.includes(p));
		for (const e of this.#form.elements) e.disabled = Boolean(lacks);
		if (lacks) this.#say(note(`Your role may not look up numbers: it lacks ${lacks}.`));
		else if (this.#place.dataset.lacks) this.#say();
		this.#place.dataset.lacks = lacks ?? '';
	}

	clear() {
		this.#asked?.abort();
		byId('number').value = '';
		this.#say();
	}

	async ask(text) {
		const number = text.trim();
		clearErrors(this.#form);
		this.#asked?.abort();
		byId('number').value = number;
		if (!number) return this.#say();
		this.#asked = new AbortController();
		const { signal } = this.#asked;
		this.#say(note('Reading the log ...'));
		const found = await this.#read(number, signal);
		if (signal.aborted) return;
		if (found.problem) {
			this.#say();
			showError(this.#form, 'number', visible(found.problem.replace(/^phone: /, ''), 400), 'number');
			return;
		}
		this.#answer(number, found);
	}

	#say(...children) {
		this.#place.replaceChildren(...children);
	}

	// Where the log begins is asked last: it may be cut while it is read.
	async #read(number, signal) {
		const [decisions, others] = await Promise.all([DECISIONS, OTHERS].map((types) => readAll(number, types, signal)));
		const problem = decisions.problem ?? others.problem;
		if (problem) return { problem };
		return { decisions, others, reach: await readReach(signal) };
	}

	#answer(number, { decisions, others, reach }) {
		const items = [...decisions.items, ...others.items];
		const cut = Boolean(decisions.gap) || reach.seq !== 1;
		const k = knowledge(items, Date.now(), { seesAll: reach.seesAll === true, more: decisions.more, cut });
		const shown = items[0]?.event.phone_number ?? number;
		const [title, className] = VERDICTS[k.verdict];
		const none = reach.seesAll !== true ? 'none that your role sees' : others.more ? 'none in what was read' : cut || others.gap ? 'none in what is left of the log' : 'none';
		const violations = k.violations.count ? violationText(k.violations, others.more)
			: this.#seesViolations ? none : 'not known: your role lacks compliance:read';
		const list = facts([
			...k.sources.map(sourceRow),
			['Last check', k.check ? checkText(k.check) : none],
			['Violations', violations, k.violations.count ? 'bad' : ''],
		]);
		this.#say(make('div', 'answer', make('div', '', make('div', 'number', visible(shown, 24)), make('div', `verdict ${className}`, title)), list,
			note(this.#reach(k, { decisions, others, reach }), k.verdict === 'released' || k.verdict === 'nothing' ? 'note' : 'note warn')));
	}

	// How far this answer can be trusted.
	#reach({ events }, { decisions, others, reach }) {
		const out = [`From ${plural(events, 'event')}.`];
		if (reach.seesAll === undefined || !reach.seq) out.push('The hub did not tell what your role sees and how far its log reaches back.');
		else if (!reach.seesAll) out.push('Your role does not see all events: others may say that the number is suppressed, or released.');
		else if (reach.at) out.push(`The log reaches back to ${longTime(reach.at)}${reach.seq > 1 || decisions.gap ? '; older events were removed, and a suppression may be among them' : ''}.`);
		else out.push(reach.seq > 1 ? 'The events of the log were removed, and a suppression may have been among them.' : 'The log is empty, or can\'t be read.');
		if (decisions.more) out.push(`Only the newest ${plural(decisions.items.length, 'suppression or release', 'suppressions and releases')} of this number were read: older ones may say something else.`);
		if (others.more) out.push(`Of its checks and violations only the newest ${count(others.items.length)} were read.`);
		out.push('What was never sent to this hub is not known here.');
		return out.join(' ');
	}
}
