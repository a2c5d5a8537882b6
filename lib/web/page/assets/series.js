// series.js - rates of the hub as columns that stand on each other. Pure.

// A step of 1, 2 or 5 times a power of ten: the top of an axis for MOST.
export function niceTop(most) {
	if (most <= 4) return 4;
	const power = 10 ** Math.floor(Math.log10(most));
	return [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= most);
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 });

// A value of an axis in five characters at most: 12.5, 1.25K, 250M.
export const axisLabel = (v) => compact.format(v);

// RATES: an answer of /api/v1/rates. {steps, known: [bool], types: [{type, total, columns: [{step, from, to}]}], most,
// peak: {step, sum}, total}. A step that the hub does not know has no columns.
export function stack(rates, order) {
	const names = Object.keys(rates.types);
	const rank = (type) => (order.includes(type) ? order.indexOf(type) : order.length);
	names.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
	const steps = Math.max(0, ...names.map((name) => rates.types[name].length));
	const sums = new Array(steps).fill(0);
	const known = new Array(steps).fill(false);
	const types = names.map((type) => {
		const columns = [];
		let total = 0;
		rates.types[type].forEach((n, step) => {
			if (!Number.isFinite(n)) return;
			known[step] = true;
			if (n > 0) columns.push({ step, from: sums[step], to: sums[step] + n });
			sums[step] += n;
			total += n;
		});
		return { type, total, columns };
	});
	const most = Math.max(0, ...sums);
	return { steps, known, types, most, peak: { step: sums.indexOf(most), sum: most }, total: types.reduce((n, t) => n + t.total, 0) };
}
