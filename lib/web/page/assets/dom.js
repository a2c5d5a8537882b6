// dom.js - elements of the page. Text from outside becomes text nodes only, never markup.

// The parts of the page stand on each other instead of beside; as in style.css.
export const isNarrow = () => matchMedia('(max-width: 860px)').matches;

export const byId = (id) => document.getElementById(id);

// An element with a class, and children: elements, or text.
export function make(tag, className, ...children) {
	const e = document.createElement(tag);
	if (className) e.className = className;
	e.append(...children.filter((c) => c !== null && c !== undefined));
	return e;
}

export function button(text, className, onClick) {
	const b = make('button', className, text);
	b.type = 'button';
	b.addEventListener('click', onClick);
	return b;
}

// Sets text only when it differs, so that live regions do not repeat themselves.
export function setText(e, text) {
	if (e.textContent !== text) e.textContent = text;
}

// A list of terms with their values: rows are [term, value, class of the value, title].
export function facts(rows) {
	const dl = make('dl', 'facts');
	for (const [term, value, className, title] of rows) {
		if (value === undefined || value === null || value === '') continue;
		const dd = make('dd', className, value);
		if (title) dd.title = title;
		dl.append(make('dt', '', term), dd);
	}
	return dl;
}

export function note(text, className = 'note') {
	return make('p', className, text);
}

// A time as people read it here, with UTC in its title.
export function timeElement(local, utc) {
	const t = make('time', '', local);
	t.dateTime = utc;
	t.title = utc;
	return t;
}
