// detail.mjs - one event, its number, and the past.
import { oneOfEach, suppressed, until } from './lib/hub.mjs';

const NUMBER = '+13035550143';

// Three events of one number among others.
const someOfOne = () => [suppressed(143), ...oneOfEach().slice(1),
  { type: 'dnc.number.released', phone_number: NUMBER, reason: 'expired' }, suppressed(9),
  { type: 'dnc.compliance.violation', phone_number: NUMBER, violation_type: 'called_while_suppressed' }];

export async function wholeEvent(visit) {
  const { page, hub } = visit;
  hub.say(...someOfOne());
  await hub.has(9);
  await visit.load();
  await visit.hasRows(9);
  await visit.row(7).click();
  const event = (await hub.log()).find((e) => e.seq === 7);
  const shown = await visit.detail(7);
  if (JSON.stringify(shown) !== JSON.stringify(event)) throw new Error('the detail is not the whole event');
  // The browser is in Denver.
  await visit.says('#live thead', /Time UTC-[67]/);
  await visit.says('#detail-facts', /Time\s+[-0-9]{10} [:0-9]{8} UTC-[67]/);
  await visit.says('#detail-history', /suppressed[^]*violation|violation[^]*suppressed/i);
  const history = await visit.text('#detail-history');
  if (/\+13035550009|routing/.test(history)) throw new Error(`the history has events of other numbers: ${history}`);
  await page.keyboard.press('Escape');
  await page.waitForSelector('#detail', { state: 'hidden' });
}

export async function number(visit) {
  const { page, hub } = visit;
  hub.say(...someOfOne());
  await hub.has(9);
  await visit.load();
  await visit.send('#number-form', { number: '(303) 555-0143' });
  await visit.says('#number-answer', /violation|suppressed|released/i);
  await visit.send('#number-form', { number: '+1 303 555 0999' });
  await visit.says('#number-answer', /nothing|no event|not known|unknown/i);
  visit.expect(/status of 400/);
  await visit.send('#number-form', { number: '12' });
  await until('it says what is wrong', async () =>
    /number/i.test(await visit.text('[data-error-for="number"]') + await visit.text('#number-answer')));
}

const verdict = (visit) => visit.text('#number-answer .verdict');

async function lookUp(visit, wanted, reach) {
  await visit.send('#number-form', { number: NUMBER });
  await until(`the verdict is ${wanted}`, async () => await visit.page.locator('#number-answer .verdict').count() === 1);
  if (await verdict(visit) !== wanted) throw new Error(`the verdict is ${await verdict(visit)}, not ${wanted}`);
  if (!reach.test(await visit.text('#number-answer .note'))) throw new Error(`it says ${await visit.text('#number-answer .note')}`);
}

// Answers of the hub at PATH with something changed, until unroute().
const changed = (page, path, change) => page.route(path, async (route) => {
  const response = await route.fetch();
  await route.fulfill({ response, json: change(await response.json()) });
});

export async function certainty(visit) {
  const { page, hub } = visit;
  const by = { phone_number: NUMBER, source: 'federal_dnc', reason: 'consumer_request' };
  hub.say({ type: 'dnc.number.suppressed', ...by }, { type: 'dnc.number.released', ...by, reason: 'expired' });
  await hub.has(2);
  await visit.load();
  await lookUp(visit, 'Released', /The log reaches back to [^;]*\. What/);

  // The log may have lost a suppression, or it is not known whether it has.
  const INFO = '**/api/v1/info';
  await changed(page, INFO, (info) => ({ ...info, oldest_seq: 2 }));
  await lookUp(visit, 'Released, as far as the log goes back', /older events were removed/);
  await page.unroute(INFO);
  visit.expect(/status of 503/);
  await page.route(INFO, (route) => route.fulfill({ status: 503, body: '{}' }));
  await lookUp(visit, 'Not clear', /did not tell what your role sees/);
  await page.unroute(INFO);

  // Many checks hide nothing, and a page that fails is no page without events.
  hub.say(...Array.from({ length: 5100 }, () => ({ type: 'dnc.check.performed', phone_number: NUMBER, result: 'allowed', check_type: 'routing' })),
    { type: 'dnc.number.suppressed', ...by });
  await hub.has(5103);
  await lookUp(visit, 'Suppressed', /Of its checks and violations only the newest 5,000 were read/);
  await page.route(/before=/, (route) => route.fulfill({ status: 503, body: '{"detail":"the log is busy"}' }));
  await visit.send('#number-form', { number: NUMBER });
  await visit.says('#number-error', /busy/);
  if (await page.locator('#number-answer .verdict').count()) throw new Error('it gives a verdict without the whole');
}

export async function partOfTheLog(visit) {
  const { hub } = visit;
  visit.expect(/status of 403/); // the counts of all events are not for it
  hub.say(suppressed(143, { source: 'federal_dnc' }), suppressed(143, { source: 'internal' }),
    { type: 'dnc.number.released', phone_number: NUMBER, source: 'internal', reason: 'expired' });
  await until('the log has them', async () => await hub.lastSeq() >= 3);
  await visit.load();
  await lookUp(visit, 'Not clear', /does not see all events/);
  if (/removed/.test(await visit.text('#number-answer'))) throw new Error('it says that events were removed');
  await visit.says('#number-answer', /none that your role sees/);
}

// Each page goes on where the one before ended, until all of it is there.
export async function pastByPages(visit) {
  const { page, hub } = visit;
  const records = Array.from({ length: 420 }, (_, i) => i % 3 ? suppressed(i) : oneOfEach()[4]);
  hub.say(...records);
  await hub.has(420);
  await visit.load();
  await page.click('[data-show="search"]');
  await visit.send('#search-form', { event_types: 'dnc.compliance.violation' });
  const found = () => page.$$eval('#search-results tr[data-seq]', (rows) => rows.map((r) => Number(r.dataset.seq)));
  await until('something is found', async () => (await found()).length);
  const pages = [(await found()).length];
  for (let i = 0; i < 20 && await page.locator('#search-more').isVisible(); i++) {
    await page.click('#search-more');
    await until('more is found, or that is all', async () =>
      (await found()).length > pages.at(-1) || !await page.locator('#search-more').isVisible());
    pages.push((await found()).length);
  }
  const wanted = (await hub.log('event_types=dnc.compliance.violation')).map((e) => e.seq).reverse();
  if ((await found()).join() !== wanted.join()) throw new Error(`found ${await found()}`);
  if (pages.length < 2) throw new Error('all came at once');
}

// Retention has removed older events: the row that says so is none.
export async function cutLog(visit) {
  const { page, hub } = visit;
  hub.say(suppressed(1));
  await hub.has(1);
  await visit.load();
  await page.click('[data-show="search"]');
  await page.route('**/api/v1/events?*', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), 'x-dnc-gap': '1-9' } });
  });
  await visit.send('#search-form', { event_types: 'dnc.list.synced' });
  await visit.says('#search-note', /^No event in what is left of the log matches/);
  await visit.says('#search-results', /Older events were removed from the log \(1 to 9\)/);
  if (await page.isEnabled('#search-export-csv')) throw new Error('nothing can be saved');
  await visit.send('#search-form', { event_types: 'dnc.number.suppressed' });
  await visit.says('#search-note', /^1 event: these are all that are left/);
}

// A row of CSV, whose cells may have quotes, commas and line ends.
function csvRows(text) {
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  for (let m; cell.lastIndex < text.length && (m = cell.exec(text));) {
    rows.at(-1).push(m[1] === undefined ? m[2] : m[1].replaceAll('""', '"'));
    if (m[3] !== ',') rows.push([]);
  }
  return rows.filter((r) => r.length);
}

export async function exports(visit) {
  const { hub } = visit;
  hub.say(...oneOfEach(), suppressed(8, { reason: '=1+1' , notes: 'a "word", and\nanother line' }));
  await hub.has(7);
  await visit.load();
  await visit.shows([1, 2, 3, 4, 5, 6, 7]);
  await visit.send('#filters', { event_types: 'dnc.number.*' });
  await visit.shows([1, 2, 7]);
  const log = (await hub.log('event_types=dnc.number.*'));
  const ndjson = await visit.saved('#export-ndjson');
  if (!/\.ndjson$/.test(ndjson.name)) throw new Error(`the file is named ${ndjson.name}`);
  const events = ndjson.text.trim().split('\n').map((l) => JSON.parse(l)).sort((a, b) => a.seq - b.seq);
  if (JSON.stringify(events) !== JSON.stringify(log)) throw new Error(`NDJSON has ${ndjson.text}`);
  const csv = await visit.saved('#export-csv');
  if (!/\.csv$/.test(csv.name)) throw new Error(`the file is named ${csv.name}`);
  const [head, ...rows] = csvRows(csv.text);
  const column = (name) => rows.map((r) => r[head.indexOf(name)]);
  if (rows.length !== 3 || rows.some((r) => r.length !== head.length)) throw new Error(`CSV has ${csv.text}`);
  if (column('seq').map(Number).sort().join() !== '1,2,7') throw new Error(`CSV has ${csv.text}`);
  if (!column('phone_number').join().includes('3035550143')) throw new Error(`CSV has ${csv.text}`);
  // A spreadsheet takes what starts with = as a formula.
  if (rows.flat().some((c) => /^[=@]/.test(c))) throw new Error(`a cell of the CSV is a formula: ${csv.text}`);
}
