// health.mjs - what the page says of the hub, beside the hub's own figures.
import { oneOfEach, suppressed, until } from './lib/hub.mjs';

const total = (series) => series.reduce((a, n) => a + (n ?? 0), 0);

// The chart has its totals as a table, too, for those who can't see it.
async function chartTotals(page) {
  const rows = await page.$$eval('#chart tbody tr', (all) => all.map((tr) => [...tr.cells].map((c) => c.innerText.trim())));
  return rows.map(([type, n]) => [`dnc.${type}`, Number(n.replaceAll(',', ''))]).sort();
}

export async function chart(visit) {
  const { page, hub } = visit;
  hub.say(...oneOfEach(), ...oneOfEach(), suppressed(1));
  await hub.has(13);
  await visit.load();
  for (const period of ['15m', '24h']) {
    await page.click(`[data-period="${period}"]`);
    await until(`the chart has the figures of ${period}`, async () => {
      const rates = await hub.ask(`/api/v1/rates?period=${period}`);
      const wanted = Object.entries(rates.types).map(([type, series]) => [type, total(series)]).filter(([, n]) => n).sort();
      return wanted.length === 6 && JSON.stringify(await chartTotals(page)) === JSON.stringify(wanted);
    });
    if (await page.getAttribute(`[data-period="${period}"]`, 'aria-pressed') !== 'true') throw new Error('the button does not say that it is chosen');
  }
}

// It does not go on to say that there was no event once the table shows some. The page's clock stands still but for the
// moments that it is given: the chart reaches no turn of its own.
export async function chartOfFirst(visit) {
  const { page, hub } = visit;
  await page.clock.install();
  await visit.load();
  await visit.says('#chart', /no event in the 15 minutes before \d/i);
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 500));
  hub.say(...oneOfEach());
  await hub.has(6);
  await until('the table shows them', async () => { await page.clock.runFor(20); return (await visit.seqs()).length === 6; });
  await page.clock.runFor(1000);
  await visit.says('#chart', /number\.suppressed/);
}

// The figures beside the axes are as wide as they get.
export async function wideAxis(visit) {
  const { page } = visit;
  const end = Date.now();
  const at = (ms) => new Date(ms).toISOString();
  await page.route('**/api/v1/rates?*', (route) => route.fulfill({ json: { period: '15m', now: at(end), step_s: 10, from: at(end - 900000),
    counted_from: at(end - 900000), types: { 'dnc.check.performed': Array.from({ length: 90 }, (_, i) => i % 2 ? 24000 : 0) } } }));
  await visit.load();
  await visit.says('#chart', /12\.5K/);
  const outside = await page.$$eval('#chart svg text', (all) => all.filter((t) => {
    const [box, around] = [t.getBoundingClientRect(), t.ownerSVGElement.getBoundingClientRect()];
    return box.left < around.left || box.right > around.right;
  }).map((t) => t.textContent));
  if (outside.length) throw new Error(`cut off: ${outside}`);
}

export async function providers(visit) {
  const { hub } = visit;
  const ago = (days) => new Date(Date.now() - days * 86400000).toISOString();
  hub.say({ type: 'dnc.list.synced', provider: 'federal_dnc', sync_status: 'success', records_added: 12, timestamp: ago(2) },
    { type: 'dnc.list.synced', provider: 'state_dnc', sync_status: 'success', records_added: 3, timestamp: ago(40) },
    { type: 'dnc.list.synced', provider: 'wireless', sync_status: 'failed', error_message: 'timed out' },
    { type: 'dnc.provider.status_change', provider: 'carrier', new_status: 'offline' });
  await hub.has(4);
  await visit.load();
  await until('the hub knows four providers', async () => (await hub.ask('/api/v1/providers')).providers.length === 4);
  const { providers: known } = await hub.ask('/api/v1/providers');
  await visit.says('#providers', /carrier[^]*federal_dnc[^]*state_dnc[^]*wireless/);
  await visit.says('#providers', /offline/i);
  await visit.says('#providers', /failed/i);
  await visit.says('#providers', /of 31 d/);
  const overdue = known.filter((p) => p.overdue).map((p) => p.provider);
  const marked = await visit.page.$$eval('#providers tbody tr', (rows) =>
    rows.filter((r) => /overdue|no good sync/.test(r.innerText)).map((r) => r.cells[0].innerText.trim()));
  if (marked.join() !== overdue.join()) throw new Error(`overdue are ${overdue}, the page marks ${marked}`);
}

// The log has syncs, but none that the role sees.
export async function hiddenProviders(visit) {
  const { hub } = visit;
  hub.say(...oneOfEach());
  await hub.has(6);
  await visit.load();
  await visit.says('#providers', /no sync[^]*that your role may see/i);
  // What counts all events is left out, and not told as none.
  await visit.says('#chart', /Not shown: the role sees some events only/);
  await visit.says('#health', /–\s+events a second/);
  const health = await visit.page.locator('#health').innerText();
  if (/none yet|none in use|0 since the start/.test(health)) throw new Error(`the page says ${health}`);
}

export async function unknown(visit) {
  const { page } = visit;
  const STATS = '**/api/v1/stats';
  const changed = (change) => page.route(STATS, async (route) => {
    const response = await route.fetch();
    const stats = await response.json();
    change(stats);
    await route.fulfill({ response, json: stats });
  });
  await visit.load();
  await visit.says('#health', /^ready[^]*Log\s+empty, [^]*Newest event: none yet/);
  visit.expect(/^Failed to load resource: net::ERR_FAILED/);
  await page.route(STATS, (route) => route.abort());
  await visit.says('#health', /^As of [^]*can't be reached\.\s*unknown/);
  const good = await page.$$eval('#health .good', (all) => all.map((e) => e.innerText));
  if (good.length) throw new Error(`in green: ${good}`);
  const [note, rest] = await page.evaluate(() => ['#live-toolbar .note', '#health .figure b']
    .map((e) => getComputedStyle(document.querySelector(e)).color));
  if (note !== rest) throw new Error(`old figures are ${rest}, not dimmed as ${note}`);
  await page.unroute(STATS);
  await visit.says('#health', /^ready/);
  if (await page.locator('#health.stale').count()) throw new Error('new figures are dimmed');

  // A role may not be told all of them.
  await changed((stats) => {
    Object.assign(stats, { oldest_seq: 8, last_seq: 7 });
    for (const name of ['total', 'last_at', 'per_s', 'conflicts']) delete stats.events[name];
  });
  await visit.says('#health', /–\s+events a second[^]*Log\s+empty: its events, to 7, were removed[^]*Not told\s+conflicts/);
  if (/Newest event|since the start/.test(await visit.text('#health'))) throw new Error('it tells what it was not told');
}

export async function figures(visit) {
  const { page, hub } = visit;
  hub.say(...oneOfEach(), { type: 'nonsense' });
  await hub.has(6);
  await visit.load();
  const stats = await hub.ask('/api/v1/stats');
  await visit.says('#health', new RegExp(stats.version.replaceAll('.', '\\.')));
  await visit.says('#health', /\b1\s+of 5,000/);
  await visit.says('#clients', /admin/);
  await until('the reject is told', async () => /unknown_type|type/i.test(await page.locator('#recent').innerText()));
}
