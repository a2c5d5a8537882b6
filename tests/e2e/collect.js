// collect.js - a client nobody here wrote (node ws): subscribes and prints every message.
//   node collect.js URL COUNT [MESSAGE...]     ends after COUNT events, or at the close
const WebSocket = require('ws');
const [url, count, ...messages] = process.argv.slice(2);
const ws = new WebSocket(url, 'dnc.v1', process.env.ORIGIN ? { origin: process.env.ORIGIN } : {});
let events = 0;
ws.on('open', () => messages.forEach((m) => ws.send(m === 'BINARY' ? Buffer.from([1]) : m)));
ws.on('message', (data) => {
  console.log(data.toString());
  if ('seq' in JSON.parse(data) && ++events === Number(count)) ws.close();
});
ws.on('close', (code, reason) => console.log(JSON.stringify({ closed: code, reason: reason.toString() })));
ws.on('error', (e) => { console.log(JSON.stringify({ error: e.message })); });
