// chart.js - the chart of events by type, as the hub has counted them, with its numbers as a table beside it.

import { byId, make, note } from './dom.js';
import { TYPES } from './event.js';
import { Panel } from './panel.js';
import { axisLabel, niceTop, stack } from './series.js';
import { count, plural, visible } from './text.js';
import { longTime, shortTime, span } from './time.js';

const SVG = 'http://www.w3.org/2000/svg';
const SOON_MS = 1000; // the hub has counted it by then
const HEIGHT = 148, LEFT = 44, BOTTOM = 18, TOP = 6;

function shape(tag, attributes, text) {
	const e = document.createElementNS(SVG, tag);
	for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
	if (text !== undefined) e.textContent = text;
	return e;
}

const colourOf = (type) => `t${Math.max(0, TYPES.indexOf(type)) % 6}`;

// The left edge of STEP and the height of VALUE in the picture.
function scale(data, width) {
	const top = niceTop(data.most);
	const step = (width - LEFT) / Math.max(1, data.steps);
	return { top, step, width, x: (i) => LEFT + i * step, y: (v) => TOP + (1 - v / top) * (HEIGHT - TOP - BOTTOM) };
}

function columnsOf(columns, { step, x, y }) {
	const gap = step > 3 ? 0.75 : 0;
	return columns.map((c) => `M${x(c.step).toFixed(2)} ${y(c.to).toFixed(2)}h${(step - gap).toFixed(2)}V${y(c.from).toFixed(2)}h${(gap - step).toFixed(2)}z`).join('');
}

function axis(s) {
	return [0, s.top / 2, s.top].flatMap((v) => [
		shape('line', { class: 'axis', x1: LEFT, x2: s.width, y1: s.y(v), y2: s.y(v) }),
		shape('text', { x: LEFT - 6, y: s.y(v) + 4, 'text-anchor': 'end' }, axisLabel(v)),
	]);
}

function unknownOf(data, s) {
	const end = data.known.indexOf(true) < 0 ? data.steps : data.known.indexOf(true);
	if (!end) return [];
	return [shape('rect', { class: 'unknown', x: LEFT, y: TOP, width: (s.x(end) - LEFT).toFixed(2), height: HEIGHT - TOP - BOTTOM })];
}

function picture(data, rates) {
	const s = scale(data, Math.max(200, byId('chart').clientWidth));
	const svg = shape('svg', { class: 'chart', viewBox: `0 0 ${s.width} ${HEIGHT}`, role: 'img', 'aria-label': describe(data, rates) });
	const times = [[LEFT, 'start', shortTime(rates.from)], [s.width, 'end', shortTime(rates.now)]];
	svg.append(...unknownOf(data, s), ...axis(s),
		...data.types.map(({ type, columns }) => shape('path', { class: colourOf(type), d: columnsOf(columns, s) })),
		...times.map(([x, anchor, text]) => shape('text', { x, y: HEIGHT - 3, 'text-anchor': anchor }, text.replace(/:\d\d(\.\d+)?$/, ''))));
	return svg;
}

function describe(data, rates) {
	const peak = data.most ? ` The most were ${count(data.most)} within ${span(rates.step_s)}.` : '';
	return `${plural(data.total, 'event')} in ${rates.period === '24h' ? '24 hours' : '15 minutes'}, as columns of ${span(rates.step_s)}.${peak}`;
}

function legend(data) {
	const rows = data.types.filter(({ total }) => total > 0).map(({ type, total }) => {
		const swatch = make('span', `swatch ${colourOf(type)}`);
		return make('tr', '', make('td', '', swatch, visible(type.replace(/^dnc\./, ''), 40)), make('td', 'right', count(total)));
	});
	const head = make('tr', 'for-readers', make('th', '', 'Type'), make('th', '', 'Events'));
	return make('table', 'plain', make('thead', '', head), make('tbody', '', ...rows));
}

export class Chart {
	#period = '15m';
	#panel = new Panel({ place: byId('chart'), path: () => `api/v1/rates?period=${this.#period}`, every: () => (this.#period === '15m' ? 10 : 60),
		permission: 'dnc:read', draw: (rates) => this.#draw(rates) });

	#rates = null;
	#width = 0;
	#empty = false; // and no request is on its way

	constructor() {
		// The picture is as wide as its place.
		new ResizeObserver(() => {
			const width = byId('chart').clientWidth;
			if (!width || width === this.#width || !byId('chart').querySelector('svg')) return;
			byId('chart').replaceChildren(...this.#draw(this.#rates));
		}).observe(byId('chart'));
		this.buttons = [...document.querySelectorAll('[data-period]')];
		for (const b of this.buttons) b.addEventListener('click', () => this.#show(b.dataset.period));
	}

	get panel() {
		return this.#panel;
	}

	// An event came: a chart without any does not wait for its turn, so that it does not deny what the table shows.
	eventCame() {
		if (!this.#empty) return;
		this.#empty = false;
		setTimeout(() => this.#panel.refresh(), SOON_MS);
	}

	#show(period) {
		this.#period = period;
		for (const b of this.buttons) b.setAttribute('aria-pressed', String(b.dataset.period === period));
		this.#panel.refresh();
	}

	#draw(rates) {
		this.#rates = rates;
		this.#width = byId('chart').clientWidth;
		if (rates.reason) return [note(`Not shown: ${visible(rates.reason, 200)}.`)];
		const data = stack(rates, TYPES);
		const late = rates.counted_from > rates.from ? [note(`Counted since ${longTime(rates.counted_from)}; before that it is not known.`)] : [];
		this.#empty = data.total === 0;
		if (this.#empty) return [picture(data, rates), note(`No event in the ${rates.period === '24h' ? '24 hours' : '15 minutes'} before ${shortTime(rates.now).replace(/\.\d+$/, '')}.`), ...late];
		const peak = note(`${plural(data.total, 'event')}; at most ${count(data.most)} within ${span(rates.step_s)}, at ${shortTime(Date.parse(rates.from) + data.peak.step * rates.step_s * 1000).replace(/\.\d+$/, '')}.`);
		return [picture(data, rates), legend(data), peak, ...late];
	}
}
