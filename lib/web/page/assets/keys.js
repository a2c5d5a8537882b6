// keys.js - the keyboard. No key does anything while text is written, except Escape.

import { byId } from './dom.js';

const writes = (e) => e.target.closest?.('input, select, textarea, [contenteditable]');

// ACTIONS: functions by key.
export function listenToKeys(actions) {
	document.addEventListener('keydown', (e) => {
		if (e.ctrlKey || e.metaKey || e.altKey || byId('keys').open || document.body.dataset.state === 'token') return;
		if (writes(e)) {
			if (e.key === 'Escape') e.target.blur();
			return;
		}
		const act = Object.hasOwn(actions, e.key) ? actions[e.key] : null;
		// Arrows scroll what has the keyboard, unless it is a table of events.
		if (!act || (e.key.startsWith('Arrow') && e.target !== document.body && !e.target.closest('.events'))) return;
		e.preventDefault();
		act();
	});
}
