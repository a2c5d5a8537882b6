// replay.mjs - COUNT clients, each with a WebSocket that subscribes as the page does: as `dashboards` each says and asks
// all that record.mjs has recorded, at its times, again and again; as `plain` it says nothing more.
//   node replay.mjs ADDRESS dashboards|plain COUNT RECORD
// Prints "ready" when all are subscribed, and at the end of its input events=N answers=N failures=N.
import { createRequire } from 'node:module';
import { Agent, request } from 'node:http';
import { readFileSync } from 'node:fs';

const WebSocket = createRequire(import.meta.url)('/usr/share/nodejs/ws'); // Debian's node-ws
const [address, kind, count, file] = process.argv.slice(2);
const record = JSON.parse(readFileSync(file, 'utf8'));
const PROTOCOL = 'dnc.v1';
const CONNECTIONS = 6; // of a browser to one host
const said = { events: 0, answers: 0, failures: 0 };

function ask(agent, { method, path, headers }) {
  request({ agent, host: address.split(':')[0], port: address.split(':')[1], method, path, headers }, (answer) => {
    if (answer.statusCode >= 400) said.failures++;
    answer.resume().on('end', () => said.answers++);
  }).on('error', () => said.failures++).end();
}

// What is said after the start is said again each time that the record's length has passed.
function again(entries, from, start, say) {
  for (const entry of entries.filter((e) => e.at > from)) {
    const next = (round) => setTimeout(() => { say(entry); next(round + 1); },
      Math.max(0, start + entry.at - from + round * (record.seconds * 1000 - from) - performance.now()));
    next(0);
  }
}

function open() {
  const socket = new WebSocket(`ws://${address}${record.socket.path}`, PROTOCOL);
  socket.on('error', () => said.failures++);
  return new Promise((done) => socket.on('message', (data) => {
    const text = data.toString();
    if (text.startsWith('{"seq"')) said.events++;
    else if (text.includes('dnc.connection.established')) socket.send(record.messages[0].text);
    else if (text.includes('dnc.subscription.confirmed')) done(socket);
  }));
}

const START_MS = 2000; // of a record: the loading of the page
const sockets = [];
for (let i = 0; i < Number(count); i++) sockets.push(await open());
console.log('ready');
if (kind === 'dashboards') for (const [i, socket] of sockets.entries()) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const start = performance.now() + (i * 5000) / sockets.length; // they were not opened at the same moment
  again(record.messages.slice(1), START_MS, start, ({ text }) => socket.send(text));
  again(record.requests, START_MS, start, (r) => ask(agent, r));
}
process.stdin.resume().on('end', () => {
  console.log(Object.entries(said).map(([name, n]) => `${name}=${n}`).join(' '));
  process.exit(0);
});
