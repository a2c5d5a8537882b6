// cursor.js - one row of a table has the keyboard: it alone is in the order of Tab, and j, k and the arrows move it.

export class Cursor {
	#body;
	#row = null;

	// OPEN is called with a row that was clicked or entered.
	constructor(body, open) {
		this.#body = body;
		body.addEventListener('click', (e) => {
			const row = e.target.closest('tr');
			if (!row || String(getSelection())) return;
			this.#take(row);
			open(row, false);
		});
		body.addEventListener('keydown', (e) => {
			const row = e.target.closest('tr');
			if (e.key !== 'Enter' || !row) return;
			e.preventDefault();
			open(row, true);
		});
		body.addEventListener('focusin', (e) => this.#take(e.target.closest('tr')));
	}

	get isHere() {
		return this.#body.contains(document.activeElement);
	}

	// STEP rows down; without a row that has the keyboard to the first.
	move(step) {
		const rows = this.#body.rows;
		const next = this.isHere ? (step > 0 ? this.#row.nextElementSibling : this.#row.previousElementSibling) : rows[0];
		if (!next) return;
		this.#take(next);
		next.focus({ preventScroll: true });
		next.scrollIntoView({ block: 'nearest' });
	}

	// Tab leads to the newest row, unless another one has the keyboard.
	keep() {
		if (!this.isHere) this.#take(this.#body.rows[0]);
	}

	#take(row) {
		if (!row || row === this.#row) return;
		if (this.#row) this.#row.tabIndex = -1;
		this.#row = row;
		row.tabIndex = 0;
	}
}
