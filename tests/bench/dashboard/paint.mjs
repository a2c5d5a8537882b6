// paint.mjs - from the moment when an event is written to the hub's input until its row is in the document, and until the
// frame after that begins, when it has been painted; and what the page takes of a processor meanwhile.
//   node paint.mjs ADDRESS RATE SECONDS      the hub's input is descriptor 9
// Prints words NAME=VALUE: in milliseconds, and percent of one processor.
// Both processes read the same clock: performance.timeOrigin + performance.now().
import { writeSync } from 'node:fs';
import { launch } from '../../browser/lib/chromium.mjs';
import { suppressed, until } from '../../browser/lib/hub.mjs';

const [address, rate, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const WARM_UP_S = 3;
const now = () => performance.timeOrigin + performance.now();

// Notes when each row came into the document, and when the frame after it began.
function watchRows() {
  window.inDocument = new Map();
  window.painted = new Map();
  const look = (rows) => {
    const at = performance.timeOrigin + performance.now();
    const fresh = rows.filter((seq) => seq && !window.inDocument.has(seq));
    for (const seq of fresh) window.inDocument.set(seq, at);
    if (fresh.length) requestAnimationFrame(() => {
      const then = performance.timeOrigin + performance.now();
      for (const seq of fresh) window.painted.set(seq, then);
    });
  };
  new MutationObserver((changes) => look(changes.flatMap((c) => [...c.addedNodes].map((n) => Number(n.dataset?.seq)))))
    .observe(document.getElementById('events'), { childList: true });
}

const browser = await launch();
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const processes = await browser.newBrowserCDPSession();
const client = await page.context().newCDPSession(page);

async function used() {
  const { processInfo } = await processes.send('SystemInfo.getProcessInfo');
  const { metrics } = await client.send('Performance.getMetrics');
  const sum = (list) => list.reduce((a, p) => a + p.cpuTime, 0);
  return { at: now(), renderer: sum(processInfo.filter((p) => p.type === 'renderer')), all: sum(processInfo),
    tasks: metrics.find((m) => m.name === 'TaskDuration').value };
}

await client.send('Performance.enable');
await page.goto(`http://${address}/`);
await until('it is live', async () => await page.getAttribute('body', 'data-state') === 'live');
await page.evaluate(watchRows);
const first = (await (await fetch(`http://${address}/api/v1/info`)).json()).last_seq + 1;
const sentAt = [];
const count = rate * (seconds + WARM_UP_S);
const start = now();
let before;
while (sentAt.length < count) {
  const due = Math.min(count, Math.floor(((now() - start) * rate) / 1000) + 1);
  while (sentAt.length < due) {
    const line = `${JSON.stringify(suppressed(sentAt.length))}\n`;
    sentAt.push(now());
    writeSync(9, line);
  }
  if (!before && now() - start > WARM_UP_S * 1000) before = await used();
  await new Promise((done) => setTimeout(done, Math.max(1, start + (sentAt.length * 1000) / rate - now())));
}
const after = await used();
await until('all are painted', () => page.evaluate((seq) => window.painted.has(seq), first + count - 1));
const seen = await page.evaluate(() => [...window.painted].map(([seq, at]) => [seq, window.inDocument.get(seq), at]));
await browser.close();

const measured = seen.filter(([seq]) => seq >= first + rate * WARM_UP_S);
const quantile = (list, q) => list.sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))].toFixed(1);
const inDocument = measured.map(([seq, at]) => at - sentAt[seq - first]);
const painted = measured.map(([seq, , at]) => at - sentAt[seq - first]);
const percent = (name) => (((after[name] - before[name]) * 100000) / (after.at - before.at)).toFixed(1);
console.log(`rows=${measured.length} left_out=${count - rate * WARM_UP_S - measured.length}`,
  `row_p50=${quantile(inDocument, 0.5)} row_p99=${quantile(inDocument, 0.99)}`,
  `painted_p50=${quantile(painted, 0.5)} painted_p99=${quantile(painted, 0.99)}`,
  `page_cpu=${percent('renderer')} tasks=${percent('tasks')} browser_cpu=${percent('all')}`);
