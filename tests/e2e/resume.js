// resume.js - a client (node ws) that comes back and goes on: prints "seq n" of each event, in the
// order of arrival, and ends when the event with n = LAST has come. With several URLs it goes to the next each time.
// HUB_TOKEN is the token, if the hubs want one.
//   node resume.js URL[,URL...] LAST
const WebSocket = require('ws');
const [urls, last] = [process.argv[2].split(','), Number(process.argv[3])];
const headers = process.env.HUB_TOKEN ? { Authorization: 'Bearer ' + process.env.HUB_TOKEN } : {};
let since = 0, epoch, now, tries = 0;
function connect() {
  let placed = false; // by this connection
  const ws = new WebSocket(urls[tries++ % urls.length], 'dnc.v1', { headers });
  ws.on('open', () => ws.send(JSON.stringify({ type: 'subscribe', since, epoch })));
  ws.on('error', () => {});
  ws.on('close', () => setTimeout(connect, 50));
  ws.on('message', (data) => {
    const m = JSON.parse(data);
    const take = (seq) => { since = seq; epoch = now; placed = true; }; // a place is a number and the epoch it is of
    if (m.type === 'dnc.subscription.confirmed') {
      now = m.metadata.epoch;
      if (m.metadata.recovered) take(m.metadata.from_seq - 1); // else only when the gap has come
    }
    if (m.type === 'dnc.connection.gap') {
      console.log('gap ' + JSON.stringify(m.metadata));
      take(m.metadata.to_seq);
    }
    if (m.type === 'dnc.connection.epoch') { // the log has another epoch, and what was received is part of it
      now = m.metadata.epoch;
      if (placed) epoch = now;
    }
    if (m.seq === undefined) return;
    take(m.seq);
    console.log(m.seq + ' ' + m.event_data.n);
    if (m.event_data.n === last) process.exit(0);
  });
}
connect();
