// eventsource.js - a browser's EventSource (HTML standard, section 9.2), as far as these tests need it.
//   node eventsource.js URL     prints every event as {"id","event","data"}, one a line
// It comes back with Last-Event-ID to the same address whenever the connection ends, and gives up for good when the answer
// is not a stream ({"failed":STATUS,...}). CUT=N cuts the connection after N events, once; HOLD=FILE then waits for FILE
// before it comes back. COUNT=N ends after N events that have a seq.
const fs = require('fs');
const http = require('http');
const https = require('https');

const url = new URL(process.argv[2]);
let cut = Number(process.env.CUT || 0);
let left = Number(process.env.COUNT || 0);
let lastId = '';

const say = (o) => console.log(JSON.stringify(o));

function comeBack(wait) {
  if (wait && process.env.HOLD && !fs.existsSync(process.env.HOLD)) setTimeout(comeBack, 50, true);
  else connect();
}

function dispatch(e, request) {
  if (e.id !== undefined) lastId = e.id;
  if (e.data === undefined) return;
  const data = JSON.parse(e.data);
  say({ id: lastId, event: e.event || 'message', data });
  if ('seq' in data && left && --left === 0) process.exit(0);
  if (cut && --cut === 0) {
    request.destroy();
    comeBack(true);
  }
}

function connect() {
  const headers = { Accept: 'text/event-stream', 'Cache-Control': 'no-store' };
  if (lastId) headers['Last-Event-ID'] = lastId;
  let done = false;
  const ended = () => { if (!done) { done = true; setTimeout(comeBack, 50, false); } };
  const request = (url.protocol === 'https:' ? https : http).get(url, { headers, agent: false }, (answer) => {
    let text = '', event = {};
    answer.setEncoding('utf8');
    const isStream = answer.statusCode === 200 && answer.headers['content-type'] === 'text/event-stream';
    answer.on('data', (piece) => {
      if (done) return;
      text += piece;
      for (let at; isStream && !done && (at = text.indexOf('\n')) >= 0;) {
        const line = text.slice(0, at), colon = line.indexOf(':');
        text = text.slice(at + 1);
        if (line === '') {
          done = cut === 1 && event.data !== undefined;
          dispatch(event, request);
          event = {};
        } else if (colon > 0) {
          event[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, '');
        }
      }
    });
    answer.on('error', () => {});
    answer.on('close', () => {
      if (isStream) { ended(); return; }
      say({ failed: answer.statusCode, type: answer.headers['content-type'], body: text });
      process.exit(1);
    });
  });
  request.on('error', ended);
}

connect();
