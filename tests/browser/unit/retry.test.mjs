// When the stream tries again: the page around it is made up.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Stream } from '../../../lib/web/page/assets/stream.js';

let answer; // of the hub to every request
const opened = [];
const states = [];
let stream;

class Socket {
	static OPEN = 1;
	constructor(address) {
		opened.push(address);
	}
	close() {}
}

const handlers = { state: (name) => states.push(name) };
const settled = () => new Promise((done) => setImmediate(done));
const refusing = async () => { throw new Error('no hub'); };
const json = (status, body, headers = {}) => async () => new Response(JSON.stringify(body), { status, headers });

beforeEach(async (t) => {
	t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
	const kept = new Map();
	globalThis.document = { baseURI: 'http://hub.test/' };
	globalThis.sessionStorage = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k) };
	globalThis.addEventListener = () => {};
	globalThis.WebSocket = Socket;
	globalThis.fetch = () => answer();
	opened.length = states.length = 0;
	stream = new Stream(handlers);
});

afterEach(() => stream.stop());

async function failsToStart() {
	stream.start(null);
	for (let i = 0; i < 20 && states.at(-1) !== 'offline'; i++) await settled();
	assert.equal(states.at(-1), 'offline');
}

async function turns() {
	for (let i = 0; i < 20; i++) await settled();
}

test('when the hub answers another request the stream does not wait any longer', async () => {
	answer = refusing;
	await failsToStart();
	answer = json(200, { authentication: false });
	await turns();
	assert.deepEqual(opened, []);
	stream.hubAnswers();
	await turns();
	assert.deepEqual(opened, ['ws://hub.test/ws/dnc']);
	stream.hubAnswers();
	await turns();
	assert.equal(opened.length, 1);
});

test('what the hub has asked for is waited for', async (t) => {
	answer = json(503, { detail: 'busy' }, { 'Retry-After': '20' });
	await failsToStart();
	answer = json(200, { authentication: false });
	stream.hubAnswers();
	await turns();
	assert.deepEqual(opened, []);
	t.mock.timers.tick(20001);
	await turns();
	assert.equal(opened.length, 1);
});
