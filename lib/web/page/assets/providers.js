// providers.js - the last sync of each provider, and its age against the 31 days of 16 CFR 310.4(b)(3)(iv).

import { byId, make, note, timeElement } from './dom.js';
import { Panel } from './panel.js';
import { visible } from './text.js';
import { longTime, span } from './time.js';

const STATUS = { online: 'good', success: 'good', degraded: 'warn', maintenance: 'warn', offline: 'bad', error: 'bad' };

// A bar as long as the part of the 31 days that has passed.
function bar(age, most, overdue) {
	const fill = make('span', overdue ? 'fill late' : age > most * 0.8 ? 'fill soon' : 'fill');
	fill.style.width = `${Math.min(100, (100 * age) / most)}%`;
	const track = make('span', 'track', fill);
	track.setAttribute('aria-hidden', 'true');
	return track;
}

function ageOf(p, most) {
	const good = p.last_good_sync;
	// Without a word about it the role does not see all syncs.
	if (!good) return [p.overdue === undefined ? make('span', 'note', 'not known: your role does not see all syncs') : make('span', 'bad', 'no good sync is known')];
	const age = Math.max(0, good.age_s);
	const at = timeElement(span(age), visible(good.at, 40));
	return [make('span', p.overdue ? 'bad' : '', at, p.overdue ? ' ago: overdue' : ` ago, of ${span(most)}`), bar(age, most, p.overdue)];
}

function lastOf(p) {
	const last = p.last_sync;
	if (!last || last.seq === p.last_good_sync?.seq) return [];
	return [make('div', 'note warn', `last try ${visible(last.sync_status ?? '', 24)}, ${span(Math.max(0, last.age_s))} ago`)];
}

function rowOf(p, most) {
	const status = p.status ? make('span', STATUS[p.status] ?? '', visible(p.status, 24)) : make('span', 'note', 'not known');
	if (p.status_at) status.title = `since ${longTime(p.status_at)}`;
	return make('tr', '', make('td', '', visible(p.provider, 48)), make('td', '', ...ageOf(p, most), ...lastOf(p)), make('td', '', status));
}

function draw({ providers = [], max_age_s: most = 2678400, since }) {
	const reach = since ? [note(`Known since ${longTime(since)}: earlier syncs are not counted.`)] : [];
	if (!providers.length) return [note('No sync of a list, and no status of a provider, that your role may see is known.'), ...reach];
	const head = make('tr', '', ...['Provider', 'Last good sync', 'Status'].map((h) => Object.assign(make('th', '', h), { scope: 'col' })));
	return [make('table', 'plain', make('thead', '', head), make('tbody', '', ...providers.map((p) => rowOf(p, most)))), ...reach];
}

export const providersPanel = () =>
	new Panel({ place: byId('providers'), path: () => 'api/v1/providers', every: () => 30, permission: 'dnc:read', draw });
