// live.mjs - the page, and the events as they come.
import { oneOfEach, suppressed, until } from './lib/hub.mjs';

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const MOST_ROWS = 1000;
const AT_ONCE = 20000;
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

// Bytes on the wire of all that a first visit asks for, without the hub's answers about itself.
async function loadedBytes({ page, context, load }) {
  const client = await context.newCDPSession(page);
  const path = new Map();
  let bytes = 0;
  await client.send('Network.enable');
  client.on('Network.responseReceived', (e) => path.set(e.requestId, new URL(e.response.url).pathname));
  client.on('Network.loadingFinished', (e) => {
    if (!path.get(e.requestId)?.startsWith('/api/')) bytes += e.encodedDataLength;
  });
  await load();
  await page.waitForLoadState('load');
  return bytes;
}

export async function loads(visit) {
  const { page, context, hub } = visit;
  const policies = [];
  page.on('response', (r) => { if (new URL(r.url()).pathname === '/') policies.push(r.headers()['content-security-policy']); });
  const bytes = await loadedBytes({ page, context, load: () => visit.load() });
  if (policies.join() !== POLICY) throw new Error(`its policy is ${policies}`);
  if (bytes < 2000 || bytes > 80 * 1024) throw new Error(`it takes ${bytes} bytes`);
  await visit.says('#status', /connected/i);
  if (!/Do-Not-Call/.test(await page.title())) throw new Error(`its title is ${await page.title()}`);
  if ((await visit.seqs()).length) throw new Error('it shows events that nobody sent');
  // A second visit takes from the browser's cache what has not changed.
  const again = await loadedBytes({ page, context, load: () => visit.load() });
  if (again > bytes / 3) throw new Error(`a second visit takes ${again} of ${bytes} bytes`);
  await hub.ask('/api/v1/info');
}

// Each type is told by its words, and each severity by a word, not by its colour alone.
export async function eventsAppear(visit) {
  const { hub } = visit;
  await visit.load();
  hub.say(...oneOfEach());
  await visit.shows(range(1, 6));
  const words = [/suppressed.*\+13035550143/s, /released.*\+13035550144/s, /check.*\+13035550145/s,
    /list.*federal_dnc/s, /violation.*\+13035550146/s, /status.*carrier/s];
  for (const [i, word] of words.entries()) await visit.says(`#events tr[data-seq="${i + 1}"]`, word);
  for (const event of await hub.log()) await visit.says(`#events tr[data-seq="${event.seq}"]`, new RegExp(event.severity, 'i'));
  // Events that were there before the page are shown, too.
  await visit.page.reload();
  await visit.state('live');
  hub.say(suppressed(7));
  await visit.shows(range(1, 7));
}

// Processor time that the page's main thread has used, in seconds, and the longest of its tasks in milliseconds.
async function watchWork({ page, context }) {
  const client = await context.newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((e) => { window.longest = Math.max(window.longest, e.duration); }))
      .observe({ type: 'longtask' });
  });
  const seconds = async () => (await client.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value;
  const before = await seconds();
  return async () => ({ seconds: await seconds() - before, longestMs: await page.evaluate(() => window.longest) });
}

export async function burst(visit) {
  const { page, hub } = visit;
  await visit.load();
  const work = await watchWork(visit);
  hub.say(...range(1, 5000).map((n) => suppressed(n)));
  await visit.has(5000);
  const seqs = (await visit.seqs()).sort((a, b) => a - b);
  if (seqs.length > MOST_ROWS || new Set(seqs).size !== seqs.length) throw new Error(`it has ${seqs.length} rows`);
  // What it left out between the first and the last row, it says.
  const missing = seqs.at(-1) - seqs[0] + 1 - seqs.length;
  const said = await page.locator('#sampled').isVisible() ? await visit.text('#sampled') : '';
  if (missing > 0 && !/\d/.test(said)) throw new Error(`it leaves out ${missing} events and says "${said}"`);
  const { seconds, longestMs } = await work();
  console.log(`5,000 events took ${seconds.toFixed(2)} s of a processor, the longest task ${longestMs.toFixed()} ms`);
  // The longest is by the clock, and others may have had the processor: an order of magnitude.
  if (seconds > 3 || longestMs > 5000) throw new Error(`it worked for ${seconds} s, ${longestMs} ms at once`);
  // It goes on as before.
  hub.say(suppressed(5001));
  await visit.has(5001);
}

export async function waitsWhenScrolled(visit) {
  const { page, hub } = visit;
  await visit.load();
  hub.say(...range(1, 300).map((n) => suppressed(n)));
  await visit.has(300);
  const last = page.locator('#events tr[data-seq]').last();
  await last.hover();
  await page.mouse.wheel(0, 2000);
  const before = (await visit.seqs()).join();
  hub.say(...range(301, 305).map((n) => suppressed(n)));
  await visit.says('#waiting', /\b5\b/);
  if ((await visit.seqs()).join() !== before) throw new Error('rows moved while somebody read them');
  await page.click('#waiting');
  await visit.has(305);
  await until('nothing waits', async () => !await page.locator('#waiting').isVisible());
}

// Nothing of an event is anything but text.
export async function hostile(visit) {
  const { page, hub } = visit;
  await visit.load();
  const html = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script><b id=pwned>b</b>';
  const bidi = 'left \u202eright\u2066 \u2069 end';
  const long = 'x'.repeat(31 * 1024);
  hub.say(suppressed(1, { reason: html, notes: html, suppressed_by: '"><svg onload=window.pwned=1>' }),
    { type: 'dnc.list.synced', provider: html, sync_status: html, records_added: 1 },
    suppressed(3, { reason: bidi, notes: bidi }), suppressed(4, { notes: long }),
    suppressed(5, { reason: '{{7*7}}${7*7}', notes: '\u0000\u001b[31m\r\n\u2028' }),
    { type: 'dnc.provider.status_change', provider: 'javascript:window.pwned=1', new_status: html });
  await hub.has(6);
  const events = await hub.log();
  await visit.shows(events.map((e) => e.seq));
  for (const event of events) {
    await visit.row(event.seq).click();
    const shown = await visit.detail(event.seq);
    if (JSON.stringify(shown) !== JSON.stringify(event)) throw new Error(`the detail is not the event ${event.seq}`);
  }
  const made = await page.locator('#events img, #events script, #events b, #events svg, #detail img, #detail script, #detail svg, #pwned').count();
  if (made || await page.evaluate(() => window.pwned)) throw new Error('what an event says became a part of the page');
  // What turns the direction of writing must not reach beyond its place: it is told, or isolated.
  const loose = await page.$$eval('#events td, #detail-json', (cells) => cells.filter((c) => /[\u202a-\u202e\u2066-\u2069]/.test(c.textContent)
    && !/isolate|plaintext/.test(getComputedStyle(c).unicodeBidi) && !c.querySelector('bdi')).map((c) => c.className || c.id));
  if (loose.length) throw new Error(`characters that turn the direction stand free in ${loose}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) throw new Error(`the page is ${wide} pixels too wide`);
}

// After 100,000 events the page holds no more than after 20,000.
export async function flatMemory(visit) {
  const { page, context, hub } = visit;
  await visit.load();
  const client = await context.newCDPSession(page);
  let sent = 0;
  const send = async (count) => {
    for (let left = count; left > 0; left -= AT_ONCE) {
      hub.say(...range(sent + 1, sent + AT_ONCE).map((n) => suppressed(n)));
      sent += AT_ONCE;
      await visit.has(sent);
    }
  };
  const held = async () => {
    await client.send('HeapProfiler.collectGarbage');
    const { usedSize } = await client.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await client.send('Memory.getDOMCounters');
    return { bytes: usedSize, nodes, jsEventListeners };
  };
  await send(20000);
  const before = await held();
  await send(80000);
  const after = await held();
  console.log(`after 20,000 events ${JSON.stringify(before)}, after 100,000 ${JSON.stringify(after)}`);
  if (after.bytes > before.bytes + (1 << 20)) throw new Error('memory grows');
  if (after.nodes > before.nodes * 1.05 + 50) throw new Error('nodes of the document grow');
  if (after.jsEventListeners > before.jsEventListeners + 5) throw new Error('listeners grow');
}
