// health.js - how the hub does, of /api/v1/stats; and the newest rejects and refusals, for those who may see them.

import { byId, facts, make, note, timeElement } from './dom.js';
import { Panel } from './panel.js';
import { bytes, count, plural, visible } from './text.js';
import { longTime, shortTime, span } from './time.js';

const UNKNOWN = '–'; // not told, which is not 0

// Null is what the role may not know.
const told = (v) => v !== undefined && v !== null;
const ms = (v) => (told(v) ? `${v < 10 ? Number(v).toFixed(1) : Math.round(v)} ms` : UNKNOWN);

function figure(value, label, className = '') {
	return make('div', 'figure', make('b', className, value), make('small', '', label));
}

const number = (v) => (told(v) ? count(v) : UNKNOWN);

// The hub has not answered: how it does now is not known.
function fade(place) {
	const [first] = place.querySelectorAll('.figure');
	first?.replaceChildren(...figure('unknown', 'whether it is ready').childNodes);
}

function figures(s) {
	const c = s.connections ?? {};
	return make('div', 'figures',
		figure(s.ready ? 'ready' : 'not ready', s.ready ? `for ${span(s.uptime_s)}` : (s.failing ?? []).join(', '), s.ready ? 'good' : 'bad'),
		figure(told(s.events?.per_s) ? Number(s.events.per_s).toFixed(1) : UNKNOWN, 'events a second'),
		figure(number(c.active), `of ${number(c.max)} clients`),
		figure(ms(s.latency_ms?.p50), 'median latency'),
		figure(ms(s.latency_ms?.p99), '99 % latency'),
		figure(number(s.lag?.max), 'greatest lag', s.lag?.max > 10000 ? 'warn' : ''));
}

// What should be 0: only what is not is shown.
function trouble({ log = {}, limits = {}, health = {}, events = {}, input = {} }) {
	const rows = [
		['Log failures', log.failures, 'bad'], ['Rejected lines', input.rejected, 'warn'], ['Conflicts', events.conflicts, 'warn'],
		['Rate limited', limits.rate_limited, 'warn'], ['Filters delayed', limits.filter_delays, 'warn'],
		['Filter limits hit', limits.filter_limit_hits, 'warn'],
		['Refused clients', limits.connections_refused, 'warn'], ['Refused messages', limits.messages_refused, 'warn'],
		['Bad messages', health.bad_messages, 'warn'], ['Closed in error', health.closed_with_error, 'warn'],
	];
	const found = rows.filter(([, n]) => n > 0).map(([name, n, className]) => [name, count(n), className]);
	const untold = rows.filter(([, n]) => typeof n !== 'number').map(([name]) => name.toLowerCase());
	if (untold.length) found.push(['Not told', untold.join(', ')]);
	return found.length ? found : [['Trouble', 'none since the start']];
}

function logText({ oldest_seq: oldest, last_seq: last, log = {} }) {
	const size = !told(log.bytes) ? '' : `, ${bytes(log.bytes)}`;
	if (oldest === undefined || last === undefined) return '';
	if (oldest <= last) return `events ${count(oldest)} to ${count(last)}${size}`;
	return (last ? `empty: its events, to ${count(last)}, were removed` : 'empty') + size;
}

function details(s) {
	const { log = {}, input = {}, filters = {}, queues = {}, connections = {} } = s;
	const roles = Object.entries(connections.by_role ?? {}).map(([role, n]) => `${visible(role, 43)} ${count(n)}`).join(', ');
	return facts([
		['Log', logText(s)],
		['Disk', !told(log.disk_free_bytes) ? '' : `${bytes(log.disk_free_bytes)} free`],
		['Commit', log.commit_ms ? `${ms(log.commit_ms.p50)}, 99 %: ${ms(log.commit_ms.p99)}` : ''],
		['Waiting', told(queues.log_events) ? `${number(queues.log_events)} for the log, ${number(queues.ring_events)} in memory` : ''],
		['Events', told(s.events?.total) ? `${count(s.events.total)} since the start, ${plural(s.events.duplicates ?? 0, 'duplicate')}` : ''],
		['Input', input.accepted ? `${plural(input.accepted, 'line')} accepted` : ''],
		['Filters', filters.evaluated ? `${count(filters.matched)} of ${count(filters.evaluated)} matched (${(100 * (filters.efficiency ?? 0)).toFixed(1)} %)` : told(filters.evaluated) ? 'none in use' : ''],
		['Roles', roles],
		...trouble(s),
		['Version', visible(s.version ?? '', 40)],
	]);
}

function table(head, rows) {
	const top = make('tr', '', ...head.map((h) => Object.assign(make('th', '', h), { scope: 'col' })));
	return make('table', 'plain', make('thead', '', top), make('tbody', '', ...rows.map((row) => make('tr', '', ...row.map((c) => make('td', '', c))))));
}

const CHANNELS = 8;

// How much of what the hub looks at the filters in use let through; clients with the same filter share one.
function channels({ channels: all = [] }) {
	const used = all.filter((c) => c.evaluated > 0).sort((a, b) => b.clients - a.clients || b.evaluated - a.evaluated);
	if (!used.length) return [];
	const rows = used.slice(0, CHANNELS).map((c) => [String(c.id), count(c.clients), count(c.matched), count(c.evaluated), `${(100 * (c.efficiency ?? 0)).toFixed(1)} %`]);
	const rest = used.length - rows.length;
	return [make('h3', '', 'Filters in use'), table(['Filter', 'Clients', 'Matched', 'Evaluated', 'Share'], rows),
		...(rest > 0 ? [note(`${plural(rest, 'filter')} more.`)] : [])];
}

const when = (at) => timeElement(shortTime(at).replace(/\.\d+$/, ''), visible(at ?? '', 40));

function recent({ rejects = [], refusals = [] }) {
	if (!rejects.length && !refusals.length) return [note('None since the hub started.')];
	const out = [];
	if (rejects.length) out.push(make('h3', '', 'Rejected lines'), table(['Time', 'Source', 'Line', 'Code'],
		rejects.map((r) => [when(r.at), visible(r.source ?? '', 60), r.line ? count(r.line) : '', visible(r.code ?? '', 40)])));
	if (refusals.length) out.push(make('h3', '', 'Refused clients'), table(['Time', 'Address', 'Reason'],
		refusals.map((r) => [when(r.at), visible(r.address ?? '', 60), visible(r.reason ?? '', 160)])));
	return out;
}

const newestText = ({ last_at: at, total }) => (!told(total) ? '' : at ? `Newest event: ${longTime(at)}.` : 'Newest event: none yet.');

export class Health {
	panel = new Panel({ place: byId('health'), path: () => 'api/v1/stats', every: () => 5, permission: 'dnc:read', draw: (s) => this.#draw(s), fade });

	#draw(s) {
		byId('recent-box').hidden = !s.recent;
		if (s.recent) byId('recent').replaceChildren(...recent(s.recent));
		return [figures(s), details(s), ...channels(s.filters ?? {}), note(newestText(s.events ?? {}))];
	}

	stop() {
		this.panel.stop();
		byId('recent-box').hidden = true;
		byId('recent').replaceChildren();
	}
}
