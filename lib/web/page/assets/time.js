// time.js - times and spans as people read them: local, with UTC beside.

const two = (n) => String(n).padStart(2, '0');

const day = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;

// "09:41:07.250" of a time of today, "11-25 09:41:07" of another day, with the year if it is another one.
export function shortTime(text, now = new Date()) {
	const d = new Date(text);
	if (Number.isNaN(d.getTime())) return '';
	const clock = `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
	const ms = d.getMilliseconds(); // masked events have none
	if (day(d) === day(now)) return ms ? `${clock}.${String(ms).padStart(3, '0')}` : clock;
	const date = day(d);
	return `${d.getFullYear() === now.getFullYear() ? date.slice(5) : date} ${clock}`;
}

// "2026-11-26 09:41:07", local.
export function longTime(text) {
	const d = new Date(text);
	if (Number.isNaN(d.getTime())) return '';
	return `${day(d)} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

// "UTC-7", "UTC+5:30": what local time is at the time D.
export function zone(d) {
	const ahead = -d.getTimezoneOffset();
	if (Number.isNaN(ahead)) return '';
	if (ahead === 0) return 'UTC';
	const minutes = Math.abs(ahead) % 60;
	return `UTC${ahead < 0 ? '-' : '+'}${Math.floor(Math.abs(ahead) / 60)}${minutes ? `:${two(minutes)}` : ''}`;
}

const UNITS = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];

// "3 d 4 h", "2 min", "0 s": the largest unit, and the next one if it counts.
export function span(seconds) {
	const s = Math.max(0, Math.round(seconds));
	const i = UNITS.findIndex(([, n]) => s >= n);
	if (i < 0) return '0 s';
	const [unit, n] = UNITS[i];
	const rest = i + 1 < UNITS.length ? Math.floor((s % n) / UNITS[i + 1][1]) : 0;
	return `${Math.floor(s / n)} ${unit}${rest && s / n < 10 ? ` ${rest} ${UNITS[i + 1][0]}` : ''}`;
}

// What a field for local time ("2026-11-26T09:41") means in UTC; empty when it is none.
export function utcOfInput(value) {
	const d = new Date(value);
	return value && !Number.isNaN(d.getTime()) ? d.toISOString() : '';
}
