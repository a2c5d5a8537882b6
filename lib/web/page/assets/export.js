// export.js - what is shown as a file: CSV, or NDJSON as the hub sent it.

import { byId } from './dom.js';
import { toCsv, toNdjson } from './csv.js';

function save(text, type, ending) {
	const url = URL.createObjectURL(new Blob([text], { type }));
	const a = document.createElement('a');
	a.href = url;
	a.download = `dnc-events-${new Date().toISOString().slice(0, 19).replace(/[:-]/g, '')}Z.${ending}`;
	a.click();
	setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// Has the two buttons with PREFIX save what ITEMS() returns.
export function exportButtons(prefix, items) {
	byId(`${prefix}export-csv`).addEventListener('click', () => save(toCsv(items()), 'text/csv;charset=utf-8', 'csv'));
	byId(`${prefix}export-ndjson`).addEventListener('click', () => save(toNdjson(items()), 'application/x-ndjson', 'ndjson'));
}
