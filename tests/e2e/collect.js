// collect.js - a client nobody here wrote (node ws): subscribes and prints every message.
//   node collect.js URL COUNT [MESSAGE...]     ends after COUNT events, or at the close
// PROTOCOL=cloudevents.json, ORIGIN=http://... ask for others. A MESSAGE of WAIT:N is said after N events.
const WebSocket = require('ws');
const [url, count, ...messages] = process.argv.slice(2);
const ws = new WebSocket(url, process.env.PROTOCOL || 'dnc.v1',
  process.env.ORIGIN ? { origin: process.env.ORIGIN } : {});
let events = 0;
let wait = -1;
const say = () => {
  for (let m; (m = messages.shift()) !== undefined;) {
    if (m.startsWith('WAIT:')) { wait = Number(m.slice(5)); return; }
    ws.send(m === 'BINARY' ? Buffer.from([1]) : m);
  }
};
ws.on('open', () => {
  if (process.env.EXTENSIONS) console.log(JSON.stringify({ extensions: ws.extensions }));
  say();
});
ws.on('message', (data) => {
  console.log(data.toString());
  const m = JSON.parse(data);
  if (!('seq' in m) && !('sequence' in m)) return;
  events += 1;
  if (events === wait) say();
  if (events === Number(count)) ws.close();
});
ws.on('close', (code, reason) => console.log(JSON.stringify({ closed: code, reason: reason.toString() })));
ws.on('error', (e) => { console.log(JSON.stringify({ error: e.message })); });
