// window.js - the newest events that wait to be drawn. Of more than fit the table the older ones are left out and counted.
// Pure.

export class Window {
	#items = [];
	#left = 0; // that were left out since the last take()

	constructor(most) {
		this.most = most;
	}

	// All that wait, with those left out.
	get total() {
		return this.#items.length + this.#left;
	}

	add(item) {
		this.#items.push(item);
		// Cut seldom: an array that loses its first element at each event is slow.
		if (this.#items.length >= 2 * this.most) this.#cut();
	}

	// The oldest COUNT of those that wait, oldest first, and how many were left out before them.
	take(count) {
		this.#cut();
		const taken = { items: this.#items.slice(0, count), left: this.#left };
		this.#items = this.#items.slice(count);
		this.#left = 0;
		return taken;
	}

	clear() {
		this.#items = [];
		this.#left = 0;
	}

	#cut() {
		const over = Math.max(0, this.#items.length - this.most);
		if (!over) return;
		this.#items = this.#items.slice(over);
		this.#left += over;
	}
}
