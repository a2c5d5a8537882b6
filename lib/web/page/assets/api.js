// api.js - requests to the hub, with the token. An answer is {status, ...}, and never an exception: status 0 means that the
// hub can't be reached.

import { readToken } from './token.js';

const WAIT_MS = 15000;

const address = (path) => new URL(path, document.baseURI);

export function socketAddress() {
	const url = address('ws/dnc');
	url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
	return url.href;
}

// The address of the next page in a Link header, relative to the hub; empty when there is none.
export function nextLink(header) {
	const match = /<([^>]*)>\s*;\s*rel="?next"?/.exec(header ?? '');
	return match ? match[1].replace(/^\//, '') : '';
}

async function problemOf(response) {
	try {
		const problem = await response.json();
		return String(problem.detail ?? problem.title ?? response.statusText);
	} catch {
		return response.statusText || `status ${response.status}`;
	}
}

// {status, problem, retryMs} or, when all went well, {status, response}.
async function request(path, options = {}) {
	const token = readToken();
	const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
	const signals = [AbortSignal.timeout(WAIT_MS), options.signal].filter(Boolean);
	try {
		const response = await fetch(address(path), { method: options.method ?? 'GET', headers, cache: 'no-store',
			redirect: 'error', signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0] });
		if (response.ok) return { status: response.status, response };
		return { status: response.status, problem: await problemOf(response),
			retryMs: 1000 * (Number(response.headers.get('retry-after')) || 0) };
	} catch (e) {
		return { status: 0, aborted: options.signal?.aborted ?? false,
			problem: e.name === 'TimeoutError' ? `the hub did not answer within ${WAIT_MS / 1000} s` : 'the hub can\'t be reached' };
	}
}

// {status, body} of a JSON object.
export async function getJson(path, options) {
	const answer = await request(path, options);
	if (!answer.response) return answer;
	try {
		return { status: answer.status, body: await answer.response.json() };
	} catch {
		return { status: 0, problem: 'the answer was cut off' };
	}
}

// {status, lines, next, gap} of a page of events.
export async function getLines(path, options) {
	const answer = await request(path, options);
	if (!answer.response) return answer;
	try {
		const text = await answer.response.text();
		return { status: answer.status, lines: text.split('\n').filter(Boolean),
			next: nextLink(answer.response.headers.get('link')), gap: answer.response.headers.get('x-dnc-gap') ?? '' };
	} catch {
		return { status: 0, problem: 'the answer was cut off' };
	}
}

export const postTicket = () => getJson('api/v1/ticket', { method: 'POST' });
