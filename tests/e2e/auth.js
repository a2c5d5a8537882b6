// auth.js - a client nobody here wrote that shows who it is: by header, ticket or first message.
//   node auth.js URL header|ticket|message|nothing TOKEN [MESSAGE...]   prints what happens; TOKEN_FILE beats TOKEN
// Lines "WAIT" among the messages wait for a line on standard input.
const WebSocket = require('ws');
const [url, how, token, ...messages] = process.argv.slice(2);
const options = { rejectUnauthorized: false, headers: {} };
const protocols = ['dnc.v1'];
if (process.env.ORIGIN) options.origin = process.env.ORIGIN;
if (how === 'header') options.headers.Authorization = `Bearer ${token}`;
if (how === 'ticket') protocols.push(`dnc.ticket.${token}`);
const ws = new WebSocket(url, protocols, options);
const say = () => {
  for (let m; (m = messages.shift()) !== undefined;) {
    if (m === 'WAIT') { process.stdin.once('data', say); return; }
    ws.send(m);
  }
};
ws.on('open', () => {
  if (how === 'message') ws.send(JSON.stringify({ type: 'auth', token, id: 'auth' }));
  say();
});
ws.on('message', (data) => console.log(data.toString()));
ws.on('unexpected-response', (request, response) => {
  let body = '';
  response.on('data', (d) => { body += d; });
  response.on('end', () => {
    console.log(JSON.stringify({ status: response.statusCode, www: response.headers['www-authenticate'], body }));
    process.exit();
  });
});
ws.on('close', (code, reason) => { console.log(JSON.stringify({ closed: code, reason: reason.toString() })); process.exit(); });
ws.on('error', (e) => { console.log(JSON.stringify({ error: e.message })); });
