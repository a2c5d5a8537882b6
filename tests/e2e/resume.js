// resume.js - a client (node ws) that comes back and goes on: prints "seq n" of each event, in the
// order of arrival, and ends when the event with n = LAST has come.
//   node resume.js URL LAST
const WebSocket = require('ws');
const [url, last] = [process.argv[2], Number(process.argv[3])];
let since = 0, epoch;
function connect() {
  const ws = new WebSocket(url, 'dnc.v1');
  ws.on('open', () => ws.send(JSON.stringify({ type: 'subscribe', since, epoch })));
  ws.on('error', () => {});
  ws.on('close', () => setTimeout(connect, 50));
  ws.on('message', (data) => {
    const m = JSON.parse(data);
    if (m.type === 'dnc.subscription.confirmed') {
      epoch = m.metadata.epoch;
      since = m.metadata.from_seq - 1; // the place is of this epoch, too
    }
    if (m.type === 'dnc.connection.gap') console.log('gap ' + JSON.stringify(m.metadata));
    if (m.seq === undefined) return;
    since = m.seq;
    console.log(m.seq + ' ' + m.event_data.n);
    if (m.event_data.n === last) process.exit(0);
  });
}
connect();
