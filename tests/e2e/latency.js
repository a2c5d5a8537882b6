// latency.js - a client (node ws) that measures: from event_data.t (ns since 1970) to arrival. On each
// line of standard input prints {count, p50, p99} in ms since the line before.
//   node latency.js URL
const WebSocket = require('ws');
let times = [];
const ws = new WebSocket(process.argv[2], 'dnc.v1');
ws.on('open', () => ws.send('{"type":"subscribe"}'));
ws.on('message', (data) => {
  const now = (performance.timeOrigin + performance.now());
  const m = JSON.parse(data);
  if (m.type === 'dnc.subscription.confirmed') console.log('ready');
  if (m.event_data && m.event_data.t) times.push(now - m.event_data.t / 1e6);
});
ws.on('error', (e) => { console.log('error ' + e.message); process.exit(1); });
process.stdin.on('data', () => {
  const t = times.sort((a, b) => a - b);
  times = [];
  const at = (share) => t.length ? Number(t[Math.floor((t.length - 1) * share)].toFixed(2)) : null;
  console.log(JSON.stringify({ count: t.length, p50: at(0.5), p99: at(0.99) }));
});
process.stdin.on('end', () => process.exit(0));
