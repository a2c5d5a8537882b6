// many.js - many clients (node ws) on one hub; prints when all are subscribed and what each got.
//   node many.js URL CLIENTS EVENTS
const WebSocket = require('ws');
const [url, clients, events] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
let ready = 0, done = 0, wrong = 0;
for (let i = 0; i < clients; i++) {
  const ws = new WebSocket(url, 'dnc.v1');
  let next = 1;
  ws.on('open', () => ws.send('{"type":"subscribe"}'));
  ws.on('error', (e) => { console.log('error ' + e.message); process.exit(1); });
  ws.on('message', (data) => {
    const m = JSON.parse(data);
    if (m.type === 'dnc.subscription.confirmed' && ++ready === clients) console.log('ready');
    if (m.seq === undefined) return;
    if (m.seq !== next++) wrong++;
    if (m.seq === events && ++done === clients) {
      console.log(`done ${done} wrong ${wrong}`);
      process.stdin.once('data', () => process.exit(0));	// held open until it is measured
    }
  });
}
