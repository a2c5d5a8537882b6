// clients.js - who is connected, for clients:read.

import { byId, make, note } from './dom.js';
import { Panel } from './panel.js';
import { count, visible } from './text.js';
import { longTime, span } from './time.js';

const MOST = 100;

function rowOf(c) {
	const from = `${visible(c.role ?? '', 43)}, ${visible(c.address ?? '', 48)}`;
	const who = make('td', '', visible(c.subject || c.client_id, 48), make('div', 'note', from));
	if (c.subject) who.title = visible(c.client_id, 40);
	const since = make('td', 'whole', span((Date.now() - Date.parse(c.connected_at)) / 1000));
	since.title = `since ${longTime(c.connected_at)}`;
	const state = c.rate_limited ? 'rate limited' : c.subscribed ? '' : 'not subscribed';
	const lag = make('td', 'right', count(c.lag ?? 0), ...(state ? [make('div', 'note', state)] : []));
	return make('tr', '', who, since, make('td', 'right', count(c.events_sent ?? 0)), lag);
}

function draw(answer) {
	const clients = Array.isArray(answer) ? answer : answer.clients ?? [];
	if (!clients.length) return [note('Nobody is connected.')];
	const heads = ['Who', 'For', 'Sent', 'Behind'];
	const head = make('tr', '', ...heads.map((h, i) => Object.assign(make('th', i > 1 ? 'right' : '', h), { scope: 'col' })));
	const table = make('table', 'plain', make('thead', '', head), make('tbody', '', ...clients.slice(0, MOST).map(rowOf)));
	return clients.length > MOST ? [table, note(`${MOST} of ${count(clients.length)} are shown.`)] : [table];
}

export const clientsPanel = () =>
	new Panel({ place: byId('clients'), path: () => 'api/v1/clients', every: () => 10, permission: 'clients:read', draw });
