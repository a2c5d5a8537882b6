// app.js - the page: it joins the stream of events, the table, the filters and the panels.

import { Cursor } from './cursor.js';
import { Detail } from './detail.js';
import { byId, isNarrow, setText } from './dom.js';
import { exportButtons } from './export.js';
import { FilterForm } from './filter_form.js';
import { gapText } from './gap.js';
import { listenToKeys } from './keys.js';
import { LiveTable } from './live_table.js';
import { NumberBox } from './number_box.js';
import { Search } from './search.js';
import { Session } from './session.js';
import { SidePanels, namedFilters } from './side_panels.js';
import { emptyText, expiryText, statusText } from './status_text.js';
import { Stream } from './stream.js';
import { plural } from './text.js';
import { zone } from './time.js';
import { show, startViews } from './views.js';

const now = { state: 'connecting', why: '', held: '', lastAt: Date.now(), received: 0, looked: 0, expires: NaN, session: 0, blind: false };

const table = new LiveTable({ onChange: tableChanged });
const filters = new FilterForm({ apply: applyFilter });
const stream = new Stream({ state, event, gap, confirmed, refused, identity, progress, heldBack });
const session = new Session({ signIn: () => stream.start(filters.filter()), signOut: () => { stream.stop(); filters.forget(); state('token', ''); } });
const number = new NumberBox();
const detail = new Detail({ lookUp });
const search = new Search();
const side = new SidePanels();
const open = (row, focus) => detail.openRow(row, focus || isNarrow());
const cursors = { live: new Cursor(byId('events'), open), search: new Cursor(byId('search-results'), open) };

function quiet() {
	return { seconds: (Date.now() - now.lastAt) / 1000, received: now.received, looked: now.looked, filtered: !filters.isEmpty, blind: now.blind };
}

function showStatus() {
	const live = now.state === 'live' ? now.held || expiryText(now.expires - Date.now()) : '';
	setText(byId('status'), statusText(now.state, now.why || live, quiet()));
}

function showEmpty() {
	const empty = table.size === 0;
	byId('live-empty').hidden = !empty;
	if (!empty) return;
	const [title, text] = emptyText(now.state, now.why, quiet());
	setText(byId('empty-title'), title);
	setText(byId('empty-text'), text);
}

function tableChanged() {
	cursors.live.keep();
	showEmpty();
}

// The state of the connection, one of those of body[data-state].
function state(name, why) {
	Object.assign(now, { state: name, why });
	document.body.dataset.state = name;
	byId('sign-in').hidden = name !== 'token';
	if (name !== 'live') now.held = '';
	if (name === 'token' || name === 'denied') forget();
	if (name === 'token') session.ask(why);
	byId('sign-out').hidden = name === 'token' || (name !== 'denied' && byId('sign-out').hidden);
	showStatus();
	showEmpty();
}

// Nothing of a session stays on the page.
function forget() {
	now.session++;
	Object.assign(now, { expires: NaN, received: 0, looked: 0 });
	side.stop();
	detail.close();
	number.clear();
	search.clear();
	table.clear();
	filters.offer([]);
	filters.say('');
}

function event(item) {
	now.lastAt = Date.now();
	now.received++;
	table.add(item);
	side.eventCame();
}

function gap(about) {
	table.addGap(gapText(about));
}

// FRESH: the table begins anew.
function confirmed(about, { fresh }) {
	if (fresh) {
		table.clear();
		Object.assign(now, { lastAt: Date.now(), received: 0, looked: 0 });
	}
	filters.say(about.warning ?? '');
	showStatus();
	showEmpty();
}

function refused(error, { kept }) {
	filters.refuse(error);
	filters.say(kept ? 'The filter of before is still used.' : 'No event is shown until the filter is changed.');
	if (!kept) table.clear();
}

function identity(about) {
	const who = { ...about, permissions: about.permissions ?? [] };
	now.expires = Date.parse(about.expires_at);
	now.blind = !who.permissions.includes('dnc:replay');
	session.show(who);
	for (const part of [number, detail, search]) part.allow(who);
	side.start(who.permissions);
	offerNamed();
}

// An answer of another session, or of an older connection, is dropped; when none comes, what was offered stays.
async function offerNamed() {
	const session = ++now.session;
	const offered = await namedFilters();
	if (session === now.session && offered) filters.offer(offered);
}

function progress({ looked }) {
	now.looked = Math.max(0, looked);
	showStatus();
	showEmpty();
}

function heldBack({ behind, reason, per_minute: perMinute }) {
	const why = { rate_limit: `your role gets ${perMinute} events a minute`, filter_cost: 'the pattern takes much work' }[reason]
		?? 'this page reads too slowly';
	now.held = behind ? `${plural(behind, 'event')} behind: ${why}` : '';
	showStatus();
}

function applyFilter(filter) {
	if (!stream.tryFilter(filter)) stream.retryNow();
}

function lookUp(text) {
	detail.close();
	if (isNarrow()) show('hub');
	number.ask(text);
}

function setPaused(paused) {
	table.setPaused(paused);
	byId('pause').setAttribute('aria-pressed', String(paused));
	setText(byId('pause'), paused ? 'Paused' : 'Pause');
}

function goToNewest() {
	setPaused(false);
	table.goToNewest();
}

const cursor = () => cursors[document.body.dataset.view] ?? cursors.live;

function focusFilters() {
	if (document.body.dataset.view === 'search') return search.focus();
	show('live');
	filters.focus();
}

function focusNumber() {
	detail.close();
	if (isNarrow()) show('hub');
	byId('number').focus();
}

listenToKeys({
	'/': focusFilters,
	j: () => cursor().move(1),
	k: () => cursor().move(-1),
	ArrowDown: () => cursor().move(1),
	ArrowUp: () => cursor().move(-1),
	p: () => setPaused(!table.paused),
	g: goToNewest,
	n: focusNumber,
	Escape: () => (detail.isOpen ? detail.close() : goToNewest()),
	'?': () => byId('keys').showModal(),
});

byId('pause').addEventListener('click', () => setPaused(!table.paused));
byId('waiting').addEventListener('click', goToNewest);
byId('show-keys').addEventListener('click', () => byId('keys').showModal());
exportButtons('', () => table.items());
exportButtons('search-', () => search.items());
document.addEventListener('hub-answers', () => stream.hubAnswers());
startViews();
for (const place of document.querySelectorAll('.zone')) setText(place, zone(new Date()));
setInterval(showStatus, 5000);
stream.start(filters.filter());
