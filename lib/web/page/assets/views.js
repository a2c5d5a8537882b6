// views.js - which part of the page is shown: the live events, the search, or, on small screens, the side. It is in the
// address as view=...

const NAMES = ['live', 'search', 'hub'];
const buttons = [...document.querySelectorAll('[data-show]')];

const ofAddress = () => {
	const name = new URLSearchParams(location.search).get('view');
	return NAMES.includes(name) ? name : 'live';
};

function mark(name) {
	document.body.dataset.view = name;
	for (const b of buttons) {
		if (b.dataset.show === name) b.setAttribute('aria-current', 'page');
		else b.removeAttribute('aria-current');
	}
}

export function show(name) {
	if (name === document.body.dataset.view) return;
	const query = new URLSearchParams(location.search);
	if (name === 'live') query.delete('view');
	else query.set('view', name);
	const text = query.toString();
	history.pushState(null, '', text ? `?${text}` : location.pathname);
	mark(name);
}

export function startViews() {
	mark(ofAddress());
	for (const b of buttons) b.addEventListener('click', () => show(b.dataset.show));
	globalThis.addEventListener('popstate', () => mark(ofAddress()));
}
