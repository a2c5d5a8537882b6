// ws.js - node ws at its best: no compression, one Buffer for all; lines from standard input go to everybody.
const { WebSocketServer, WebSocket } = require('ws');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, backlog: 4096 });
server.on('listening', () => console.log(`127.0.0.1:${server.address().port}`));
let rest = '';
let seq = 0;
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    const data = Buffer.from(`{"seq":${++seq},${line.slice(1)}`);
    for (const client of server.clients)
      if (client.readyState === WebSocket.OPEN) client.send(data, { binary: false });
  }
});
