// position.js - where a client is in the log, as dnc-wsd(8), WebSocket, has it: a sequence number, and the epoch of the
// connection on which it came. Both are replaced together. Pure.

export class Position {
	constructor() {
		this.epoch = '';
		this.seq = null; // null: none yet
		this.connection = ''; // the epoch of this connection
		this.placed = false; // seq was set on it
		this.last = 0; // the last event on this connection
	}

	// A connection was established.
	established(epoch) {
		this.connection = epoch;
		this.placed = false;
		this.last = 0;
	}

	// The log has another epoch, and all that this connection has confirmed or brought is part of it.
	moved({ epoch }) {
		this.connection = epoch;
		if (this.placed) this.epoch = epoch;
	}

	// The subscription was confirmed. When a gap follows (recovered is false), the old position stays until it came.
	confirmed({ from_seq: from, recovered }) {
		if (recovered) this.#set(from - 1);
	}

	// An event came. False: it is a repetition.
	event(seq) {
		if (seq <= this.last) return false;
		this.last = seq;
		this.#set(seq);
		return true;
	}

	gap({ to_seq: to }) {
		this.#set(to);
	}

	forget() {
		this.placed = false;
		this.seq = null;
		this.epoch = '';
	}

	// Where the next connection starts; null at the first one.
	start() {
		return this.seq === null ? null : { since: this.seq, epoch: this.epoch };
	}

	#set(seq) {
		this.seq = seq;
		this.epoch = this.connection;
		this.placed = true;
	}
}
