// record.mjs - what one open page says to the hub in its first SECONDS, for replay.mjs: each request with its headers, and
// each WebSocket message, with their time since the page was loaded. So the replay is what the page does, exactly.
//   node record.mjs ADDRESS SECONDS >RECORD
import { launch } from '../../browser/lib/chromium.mjs';
import { until } from '../../browser/lib/hub.mjs';

const [address, seconds] = [process.argv[2], Number(process.argv[3])];
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const record = { seconds, requests: [], messages: [] };
let start;
const since = () => performance.now() - start;
page.on('request', (r) => {
  const url = new URL(r.url());
  if (url.pathname.startsWith('/api/')) record.requests.push({ at: since(), method: r.method(), path: url.pathname + url.search, headers: r.headers() });
});
page.on('websocket', (socket) => {
  record.socket = { at: since(), path: new URL(socket.url()).pathname + new URL(socket.url()).search };
  socket.on('framesent', ({ payload }) => record.messages.push({ at: since(), text: payload }));
});
start = performance.now();
await page.goto(`http://${address}/`);
await until('it is live', async () => await page.getAttribute('body', 'data-state') === 'live');
await new Promise((done) => setTimeout(done, seconds * 1000 - since()));
console.log(JSON.stringify(record));
await browser.close();
