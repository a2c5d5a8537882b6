// The stream as its owner sees it, with a hub that answers when the test says so: filters in flight, sign-out, lost
// connections.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

// A clock that goes on when the test says so.
const clock = {
	now: 1e12, timers: new Map(), last: 0,
	set(f, ms, every) {
		this.timers.set(++this.last, { f, at: this.now + ms, every });
		return this.last;
	},
	go(ms) {
		this.now += ms;
		for (const [id, timer] of [...this.timers]) {
			if (timer.at > this.now || !this.timers.has(id)) continue;
			if (timer.every) timer.at = this.now + timer.every;
			else this.timers.delete(id);
			timer.f();
		}
	},
};

let sockets, told, listeners, held, asked;

class Socket {
	static OPEN = 1;
	readyState = 1;
	sent = [];
	constructor() { sockets.push(this); }
	send(text) { this.sent.push(JSON.parse(text)); }
	close() { this.readyState = 3; }
	say(message) { this.onmessage({ data: JSON.stringify(message) }); }
	lose(code = 1006) {
		this.readyState = 3;
		this.onclose({ code, reason: '' });
	}
	get requests() { return this.sent.filter(({ type }) => type !== 'get_stats'); }
}

Object.assign(globalThis, {
	WebSocket: Socket,
	document: { baseURI: 'http://hub.example/' },
	sessionStorage: { getItem: () => 'token' },
	setTimeout: (f, ms) => clock.set(f, ms),
	setInterval: (f, ms) => clock.set(f, ms, ms),
	clearTimeout: (id) => clock.timers.delete(id),
	clearInterval: (id) => clock.timers.delete(id),
	addEventListener: (name, f) => { listeners[name] = f; },
	fetch: async (url) => {
		asked.push(url.pathname);
		await held;
		return new Response(JSON.stringify({ authentication: true, ticket: 'one' }), { status: 200 });
	},
});
Date.now = () => clock.now;
const { Stream } = await import('../../../lib/web/page/assets/stream.js');

const turns = async () => { for (let i = 0; i < 50; i++) await new Promise(setImmediate); };
const PERMISSIONS = ['dnc:stream', 'dnc:replay'];

function newStream() {
	const names = ['state', 'event', 'gap', 'confirmed', 'refused', 'identity', 'progress', 'heldBack'];
	return new Stream(Object.fromEntries(names.map((name) => [name, (...values) => told.push([name, ...values])])));
}

const established = (socket, permissions = PERMISSIONS) =>
	socket.say({ type: 'dnc.connection.established', metadata: { epoch: 'e', permissions } });

const confirm = (socket, request) =>
	socket.say({ type: 'dnc.subscription.confirmed', request_id: request.id, metadata: { from_seq: 1, recovered: true } });

const refuse = (socket, request) => socket.say({ type: 'error', code: 'invalid_filter', request_id: request.id, message: 'no' });

// A stream that has subscribed with FILTER.
async function subscribed(filter = null, permissions = PERMISSIONS) {
	const stream = newStream();
	stream.start(filter);
	await turns();
	established(sockets[0], permissions);
	confirm(sockets[0], sockets[0].requests[0]);
	return stream;
}

const A = { providers: ['a'] }, B = { providers: ['b'] }, C = { providers: ['c'] };
const told1 = (name) => told.filter(([n]) => n === name);

beforeEach(() => {
	[sockets, told, listeners, held, asked] = [[], [], {}, undefined, []];
	clock.timers.clear();
});

test('a filter that is confirmed begins a new connection with it', async () => {
	const stream = await subscribed();
	assert.ok(stream.tryFilter(A));
	confirm(sockets[0], sockets[0].requests[1]);
	await turns();
	established(sockets[1]);
	assert.deepEqual(sockets[1].requests.map((r) => [r.type, r.filters, r.last]), [['subscribe', A, 200]]);
});

test('who is told of another epoch comes back with it', async () => {
	await subscribed();
	sockets[0].say({ type: 'dnc.connection.epoch', metadata: { epoch: 'f', first_seq: 1 } });
	sockets[0].lose();
	await turns();
	clock.go(60000);
	await turns();
	established(sockets[1]);
	assert.deepEqual(sockets[1].requests.map((r) => [r.since, r.epoch]), [[0, 'f']]);
});

test('a hub that ends says when to come back, although the close is lost; other hubs are not visited', async () => {
	const stream = await subscribed();
	sockets[0].say({ type: 'dnc.connection.shutdown', metadata: { retry_after_ms: 9000, hubs: ['wss://other.example/ws/dnc'] } });
	sockets[0].lose();
	await turns();
	assert.deepEqual(told1('state').at(-1), ['state', 'reconnecting', 'the hub is restarting']);
	stream.hubAnswers(); // another hub may, behind the same proxy
	clock.go(8900);
	await turns();
	assert.equal(sockets.length, 1, 'too early');
	clock.go(200);
	await turns();
	established(sockets[1]);
	// That was said of this once.
	sockets[1].lose();
	await turns();
	assert.notEqual(told1('state').at(-1)[2], 'the hub is restarting');
	clock.go(5000);
	await turns();
	assert.equal(sockets.length, 3);
});

test('two filters in flight: the first refused, the second confirmed', async () => {
	const stream = await subscribed();
	stream.tryFilter(A);
	stream.tryFilter(B);
	refuse(sockets[0], sockets[0].requests[1]);
	assert.deepEqual(told1('refused'), [], 'nobody wants to know of the first any more');
	const [, , last] = sockets[0].requests;
	assert.deepEqual(last.filters, B);
	confirm(sockets[0], last);
	await turns();
	established(sockets[1]);
	assert.deepEqual(sockets[1].requests[0].filters, B);
});

test('of three filters in flight the newest is used, once', async () => {
	const stream = await subscribed();
	for (const filter of [A, B, C]) stream.tryFilter(filter);
	confirm(sockets[0], sockets[0].requests[1]);
	assert.deepEqual(sockets[0].requests.slice(1).map((r) => r.filters), [A, C]);
	confirm(sockets[0], sockets[0].requests[2]);
	await turns();
	established(sockets[1]);
	assert.deepEqual(sockets[1].requests[0].filters, C);
});

test('the first confirmed, the second refused: the first is the filter of before', async () => {
	const stream = await subscribed();
	stream.tryFilter(A);
	stream.tryFilter(B);
	confirm(sockets[0], sockets[0].requests[1]);
	refuse(sockets[0], sockets[0].requests[2]);
	assert.deepEqual(told1('refused').map(([, , how]) => how), [{ kept: true }]);
	await turns();
	established(sockets[1]);
	assert.deepEqual(sockets[1].requests[0].filters, A, 'the table begins anew with what the hub sends');
});

test('an answer to nothing, and one that comes twice, change nothing', async () => {
	const stream = await subscribed();
	stream.tryFilter(A);
	const request = sockets[0].requests[1];
	confirm(sockets[0], { id: 'filter-99' });
	refuse(sockets[0], { id: undefined });
	assert.equal(told1('refused').length, 0);
	refuse(sockets[0], request);
	refuse(sockets[0], request);
	confirm(sockets[0], request);
	assert.equal(told1('refused').length, 1);
	assert.equal(sockets.length, 1);
});

test('a filter that was not answered when the connection was lost is that of the next one', async () => {
	const stream = await subscribed();
	stream.tryFilter(A);
	stream.tryFilter(B);
	sockets[0].lose();
	clock.go(1000);
	await turns();
	established(sockets[1]);
	assert.deepEqual(sockets[1].requests.map((r) => [r.filters, r.last]), [[B, 200]]);
});

test('a filter given before the hub has said who this is does not subscribe twice', async () => {
	const stream = newStream();
	stream.start(null);
	await turns();
	stream.tryFilter(A);
	established(sockets[0]);
	stream.tryFilter(B);
	assert.deepEqual(sockets[0].requests.map((r) => [r.type, r.filters]), [['subscribe', A]]);
	confirm(sockets[0], sockets[0].requests[0]);
	assert.deepEqual(sockets[0].requests.map((r) => [r.type, r.filters]), [['subscribe', A], ['update_filters', B]]);
});

test('a subscription that ends is told, and the next filter subscribes', async () => {
	const stream = await subscribed(A);
	sockets[0].say({ type: 'error', code: 'filter_too_costly', path: 'filters', message: 'no' });
	assert.deepEqual(told1('refused').map(([, , how]) => how), [{ kept: false }]);
	stream.tryFilter(B);
	assert.deepEqual(sockets[0].requests.at(-1).type, 'subscribe');
});

test('a request with a filter that is never answered ends the connection', async () => {
	const stream = await subscribed();
	stream.tryFilter(A);
	for (let i = 0; i < 20 && sockets.length === 1; i++) {
		if (sockets[0].readyState === Socket.OPEN) sockets[0].say({ type: 'client.stats', metadata: { position: 1 } });
		clock.go(5000);
		await turns();
	}
	established(sockets[1]);
	assert.deepEqual(sockets[1].requests[0].filters, A);
});

for (const [name, wake] of [['the network comes back', () => listeners.online()], ['a filter changes', (s) => s.tryFilter(A) || s.retryNow()],
	['time passes', () => clock.go(600000)]])
	test(`after the sign-out in a wait nothing connects when ${name}`, async () => {
		const stream = await subscribed();
		sockets[0].lose();
		stream.stop();
		const before = told.length;
		asked = [];
		wake(stream);
		await turns();
		assert.equal(sockets.length, 1);
		assert.deepEqual([told.slice(before), asked], [[], []]);
	});

test('after the sign-out a late answer asks for nothing more', async () => {
	const stream = newStream();
	let answer;
	held = new Promise((done) => { answer = done; });
	stream.start(null);
	await turns();
	stream.stop();
	answer();
	await turns();
	assert.deepEqual([sockets.length, asked], [0, ['/api/v1/info']]);
});

test('after the sign-out what the connection still says is not heard', async () => {
	const stream = await subscribed();
	stream.stop();
	const before = told.length;
	established(sockets[0]);
	sockets[0].onmessage({ data: '{"seq":7,"type":"dnc.check.performed"}' });
	sockets[0].lose(4401);
	assert.equal(told.length, before);
});

test('a role without replay gets the filter on the same connection', async () => {
	const stream = await subscribed(null, ['dnc:stream']);
	stream.tryFilter(A);
	confirm(sockets[0], sockets[0].requests[1]);
	await turns();
	assert.equal(sockets.length, 1);
	assert.deepEqual(told.at(-1).slice(0, 1), ['confirmed']);
	assert.equal(told.at(-1)[2].fresh, true);
});
