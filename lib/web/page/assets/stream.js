// stream.js - the WebSocket to the hub: it connects, subscribes, continues where it stopped, and tries again by itself.
//
// It tells its owner, by the functions of HANDLERS: state(name, text), event(item), gap(metadata), confirmed(metadata,
// {fresh}), refused(error, {kept: the filter of before is still used}), identity(metadata), progress({looked}), heldBack(metadata).

import { getJson, postTicket, socketAddress } from './api.js';
import { Backoff } from './backoff.js';
import { readEvent } from './event.js';
import { Position } from './position.js';
import { readToken } from './token.js';

const LAST = 200; // events of the past that a new table starts with
const ASK_MS = 5000; // between two questions where the hub is
const SILENCE_MS = 15000; // without an answer: the connection is dead, whatever the browser says
const ANSWER_MS = 60000; // of a request with a filter, which may wait for a search of the log
const LONGEST_WAIT_MS = 60000; // however long a hub asks to wait
const STEADY_MS = 5000; // a connection of this age was a good one

// What the close codes of dnc-wsd(8) mean for a person. Those that are not here are tried again.
const ENDS = {
	4401: ['token', 'the token was rejected: get a new one'],
	4403: ['denied', 'access denied: the role of this token may not receive events'],
	4410: ['token', 'the token has expired: sign in with a new one'],
	4411: ['token', 'the token was revoked: sign in with a new one'],
};

export class Stream {
	#handlers;
	#backoff = new Backoff();
	#position = new Position();
	#socket = null;
	#filter = null;
	// One request at a time is with the hub, so that each answer is that of the filter it is about.
	#request = null; // {id, filter, update, at}
	#next = null; // {filter}: the newest one, which waits for that answer
	#requests = 0;
	#outdated = false; // what the owner was given is of a filter before the one in use
	#timer = 0; // of the next try; 0: none is to come
	#asking = 0;
	#heard = 0; // when the last message came
	#askedAt = 0;
	#passed = 0; // how far the hub has looked, on this connection and the one before
	#from = 0; // of the subscription
	#attempt = 0; // what belongs to an older one is ignored
	#permissions = [];
	#connected = false; // once
	#greeted = false; // by the hub, on this connection
	#subscribed = false;
	#ends = null; // the hub has said that it ends: how long to wait, in ms

	constructor(handlers) {
		this.#handlers = handlers;
		globalThis.addEventListener('online', () => this.retryNow());
	}

	// Connects with FILTER, an object or null, from the newest events on.
	start(filter) {
		this.stop();
		this.#filter = filter;
		this.#position.forget();
		this.#passed = 0;
		this.#connected = false;
		this.#connect();
	}

	stop() {
		this.#attempt++;
		clearTimeout(this.#timer);
		this.#timer = 0;
		this.#drop()?.close();
	}

	// The connection has ended, or is to end. A filter that the hub has not answered is that of the next connection.
	#drop() {
		const socket = this.#socket;
		const wanted = this.#next ?? (this.#request?.update ? this.#request : null);
		clearInterval(this.#asking);
		this.#socket = this.#request = this.#next = null;
		this.#greeted = this.#subscribed = this.#outdated = false;
		if (wanted) this.#use(wanted.filter);
		return socket;
	}

	#use(filter) {
		this.#filter = filter;
		this.#position.forget();
	}

	retryNow() {
		if (this.#socket || !this.#timer) return;
		this.#backoff.reset();
		clearTimeout(this.#timer);
		this.#connect();
	}

	// The hub answers other requests: no wait is needed, unless the hub itself has asked for it.
	hubAnswers() {
		if (!this.#backoff.told) this.retryNow();
	}

	get live() {
		return this.#socket?.readyState === WebSocket.OPEN;
	}

	// Asks the hub to use FILTER. What it thinks of it comes as confirmed() or refused(); without a connection it is used
	// by the next one.
	tryFilter(filter) {
		if (!this.live || !this.#greeted) {
			this.#use(filter);
			return false;
		}
		if (this.#request) this.#next = { filter };
		else this.#ask(filter);
		return true;
	}

	#ask(filter) {
		if (this.#subscribed) return this.#sendRequest({ type: 'update_filters' }, filter);
		this.#use(filter);
		this.#subscribe();
	}

	// True if a filter waited for the answer that has come.
	#askNext() {
		if (!this.#next) return false;
		const { filter } = this.#next;
		this.#next = null;
		this.#ask(filter);
		return true;
	}

	// A role that may not read the past starts with the next event.
	#subscribe() {
		const start = this.#position.start() ?? { last: LAST };
		this.#sendRequest({ type: 'subscribe', ...(this.#mayReplay ? start : {}) }, this.#filter);
	}

	#sendRequest(message, filter) {
		const id = `filter-${++this.#requests}`;
		this.#request = { id, filter, update: message.type === 'update_filters', at: Date.now() };
		this.#send({ ...message, id, filters: filter ?? {} });
	}

	// The request that this is the answer to; null: none that is waited for.
	#answered(id) {
		const request = this.#request;
		if (!request || request.id !== id) return null;
		this.#request = null;
		return request;
	}

	get #mayReplay() {
		return this.#permissions.includes('dnc:replay');
	}

	#send(message) {
		this.#socket.send(JSON.stringify(message));
	}

	async #connect() {
		const attempt = ++this.#attempt;
		this.#timer = 0;
		this.#handlers.state(this.#connected ? 'reconnecting' : 'connecting', '');
		const protocols = ['dnc.v1'];
		const admitted = await this.#admission(attempt);
		if (attempt !== this.#attempt) return;
		if (admitted.failed) return this.#fail(admitted.failed);
		if (admitted.ticket) protocols.push(`dnc.ticket.${admitted.ticket}`);
		this.#open(new WebSocket(socketAddress(), protocols), attempt);
	}

	// A ticket, if the hub asks for one.
	async #admission(attempt) {
		const info = await getJson('api/v1/info');
		if (attempt !== this.#attempt) return {};
		if (info.status === 200) {
			if (info.body.authentication === false) return {};
			if (info.body.authentication === undefined && !readToken()) return {};
		} else if (info.status !== 403) {
			return { failed: info };
		}
		const answer = await postTicket();
		if (answer.status === 404) return {};
		return answer.status === 200 ? { ticket: answer.body.ticket } : { failed: answer };
	}

	#fail({ status, problem, retryMs }) {
		if (status === 401) return this.#handlers.state('token', readToken() ? problem : '');
		if (status === 403) return this.#handlers.state('denied', problem);
		this.#again(problem, retryMs);
	}

	#again(why, atLeast = 0) {
		const wait = this.#backoff.next(atLeast);
		this.#handlers.state(this.#connected ? 'reconnecting' : 'offline', why);
		this.#timer = setTimeout(() => this.#connect(), wait);
	}

	#open(socket, attempt) {
		const opened = Date.now();
		this.#socket = socket;
		this.#ends = null;
		this.#heard = 0;
		this.#askedAt = opened;
		socket.onmessage = (m) => attempt === this.#attempt && this.#receive(m.data);
		socket.onclose = (close) => {
			if (attempt !== this.#attempt) return;
			this.#drop();
			if (Date.now() - opened > STEADY_MS) this.#backoff.reset();
			this.#closed(close);
		};
		this.#asking = setInterval(() => this.#probe(attempt), ASK_MS);
	}

	// A hidden page gets few turns: only what was asked and not answered counts.
	#probe(attempt) {
		const now = Date.now();
		const silent = this.#heard < this.#askedAt && now - this.#askedAt > SILENCE_MS;
		if (silent || (this.#request && now - this.#request.at > ANSWER_MS)) {
			// The hub may be gone without a word; close() alone would wait for its answer.
			this.#socket.onclose = null;
			this.#drop().close();
			if (attempt === this.#attempt) this.#again('the hub does not answer');
			return;
		}
		if (!this.live || this.#heard < this.#askedAt) return;
		this.#askedAt = now;
		this.#send({ type: 'get_stats', id: 'stats' });
	}

	#closed({ code, reason }) {
		const end = ENDS[code];
		if (end) return this.#handlers.state(end[0], end[1]);
		// The close may get lost on the way, as in a proxy.
		const ends = this.#ends;
		this.#ends = null;
		const retry = /retry_after_ms=(\d+)/.exec(reason);
		const why = code === 1001 || ends !== null ? 'the hub is restarting'
			: code === 4429 ? 'too many connections: the hub takes no more now'
			: code === 1006 ? 'the connection was lost' : `the connection ended (${code})`;
		this.#again(why, retry ? Number(retry[1]) : ends ?? 0);
	}

	#receive(data) {
		this.#heard = Date.now();
		// Events first: they are many.
		const item = readEvent(data);
		if (item) {
			if (this.#position.event(item.seq)) this.#handlers.event(item);
			return;
		}
		let message;
		try {
			message = JSON.parse(data);
		} catch {
			return;
		}
		const about = message.metadata ?? {};
		switch (message.type) {
		case 'dnc.connection.established': return this.#established(about);
		case 'dnc.subscription.confirmed': return this.#confirmed(message.request_id, about);
		case 'dnc.connection.gap':
			this.#position.gap(about);
			return this.#handlers.gap(about);
		case 'dnc.connection.epoch': return this.#position.moved(about);
		case 'dnc.connection.held_back': return this.#handlers.heldBack(about);
		// The other hubs that it names are of no use here: the policy of the page (connect-src 'self') lets it connect to its own
		// origin alone, and whoever may write to the log could name any address and get the token.
		case 'dnc.connection.shutdown':
			this.#ends = Math.min(Number(about.retry_after_ms) || 0, LONGEST_WAIT_MS);
			return;
		case 'client.stats':
			if (this.#subscribed) this.#passed = about.position;
			return this.#handlers.progress({ looked: about.position - this.#from + 1 });
		case 'error': return this.#error(message);
		}
	}

	#established(about) {
		this.#permissions = about.permissions ?? [];
		this.#position.established(about.epoch);
		this.#greeted = true;
		this.#handlers.identity(about);
		this.#subscribe();
	}

	#confirmed(id, about) {
		const request = this.#answered(id);
		if (!request) return;
		this.#from = about.from_seq;
		if (request.update) {
			this.#filter = request.filter;
			this.#outdated = true;
			if (!this.#askNext()) this.#refresh(about);
			return;
		}
		const before = this.#position.start();
		this.#subscribed = true;
		this.#connected = true;
		this.#position.confirmed(about);
		this.#handlers.state('live', '');
		this.#handlers.confirmed(about, { fresh: before === null });
		// Without dnc:replay nothing between can be had: it is said, not hidden.
		const passed = Math.max(before?.since ?? 0, this.#passed);
		if (before && !this.#mayReplay && about.from_seq > passed + 1)
			this.#handlers.gap({ from_seq: passed + 1, to_seq: about.from_seq - 1, reason: 'forbidden' });
		this.#askNext();
	}

	// The filter has changed: a new connection begins with the newest events that match it, because a hub sends nothing
	// twice on one connection.
	#refresh(about) {
		this.#position.forget();
		this.#outdated = false;
		if (!this.#mayReplay) return this.#handlers.confirmed(about, { fresh: true });
		this.stop();
		this.#connected = false;
		this.#connect();
	}

	// Without a request it is the subscription that has ended, or what is no matter of filters.
	#error(error) {
		const request = this.#answered(error.request_id);
		if (!request && error.code !== 'filter_too_costly') return;
		const kept = Boolean(request?.update) && this.#subscribed;
		if (!kept) {
			this.#connected = true;
			this.#subscribed = false;
		}
		if (this.#askNext()) return;
		if (!kept) this.#handlers.state('live', 'The hub refuses the filter, so that no event comes');
		else if (this.#outdated) this.#refresh({});
		this.#handlers.refused(error, { kept });
	}
}
