// backoff.js - how long to wait before the next try: twice as long after each failure, 5 s at most as dnc-tail, and not
// all pages at once. Pure.

const MOST_MS = 5000;

export class Backoff {
	constructor(random = Math.random) {
		this.random = random;
		this.failures = 0;
		this.told = false; // the hub has said how long to wait
	}

	reset() {
		this.failures = 0;
	}

	// Milliseconds; at least ATLEAST, when the hub said so.
	next(atLeast = 0) {
		const most = Math.min(MOST_MS, 500 * 2 ** this.failures);
		this.told = atLeast > 0;
		this.failures = Math.min(this.failures + 1, 10);
		return Math.max(atLeast, most / 2 + (this.random() * most) / 2);
	}
}
