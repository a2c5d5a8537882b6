// text.js - text of strangers made safe to look at: what is invisible, or changes the order of what stands beside it, is
// written as an escape.

// Control characters, the marks of right-to-left text (bidi), blanks without width, and ends of lines of Unicode.
const HIDDEN =
	/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

function escape(c) {
	const code = c.codePointAt(0);
	return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

// TEXT as it may be shown, at most MOST characters long.
export function visible(text, most = 300) {
	const s = String(text);
	const cut = s.length > most ? s.slice(0, most).replace(/[\ud800-\udbff]$/, '') + '…' : s;
	return cut.replace(HIDDEN, escape);
}

// JSON text with an indent, its numbers and strings as they were written. What is no JSON comes back as it is.
export function prettyJson(raw) {
	const indent = (n) => '\n' + '  '.repeat(n);
	const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gsu;
	let out = '';
	let depth = 0;
	let before = '';
	for (const [t] of raw.matchAll(token)) {
		if (t === '}' || t === ']') {
			depth--;
			if (before !== '{' && before !== '[') out += indent(Math.max(depth, 0));
		} else if (before === '{' || before === '[') {
			out += indent(depth);
		}
		out += t.replace(HIDDEN, escape);
		if (t === '{' || t === '[') depth++;
		if (t === ',') out += indent(depth);
		if (t === ':') out += ' ';
		before = t;
	}
	return out;
}

export function plural(n, one, many = one + 's') {
	return `${count(n)} ${n === 1 ? one : many}`;
}

const whole = new Intl.NumberFormat('en');

export function count(n) {
	return whole.format(n);
}

export function bytes(n) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	let v = n;
	for (; v >= 1024 && i < units.length - 1; i++) v /= 1024;
	return `${v < 10 && i ? v.toFixed(1) : Math.round(v)} ${units[i]}`;
}
