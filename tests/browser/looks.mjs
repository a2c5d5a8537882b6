// looks.mjs - how the page looks in each of its states: to axe, in light and dark, on three screens, and to the keyboard.
// The screenshots are in build/screenshots, for people to look at.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { oneOfEach, read, suppressed, tell, told, until } from './lib/hub.mjs';
import { violations } from './lib/accessibility.mjs';
import { FAILED_ANSWER, NO_HUB } from './lib/visit.mjs';

const SCREENS = [[1440, 900], [1024, 768], [390, 844]];
const FOLDER = fileURLToPath(new URL('../../build/screenshots/', import.meta.url));

// By the protocol: page.screenshot() would add a style sheet to the page, which its policy forbids.
async function picture(client, name) {
  const { data } = await client.send('Page.captureScreenshot', { format: 'png' });
  writeFileSync(`${FOLDER}${name}.png`, Buffer.from(data, 'base64'));
}

// Takes the pictures of one state, and notes what axe says of it.
async function look(visit, name) {
  const { page, context } = visit;
  const client = await context.newCDPSession(page);
  const wrong = [];
  mkdirSync(FOLDER, { recursive: true });
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of SCREENS) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await picture(client, `${name}-${width}-${colorScheme}`);
      // Colours differ by scheme, all else by the screen.
      if (width === 1440 || (width === 390 && colorScheme === 'light'))
        for (const v of await violations(page)) wrong.push(`${name}, ${width}, ${colorScheme}: ${v}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) wrong.push(`${name}, ${width}: ${over} pixels too wide`);
    }
  }
  await client.detach();
  await page.setViewportSize({ width: SCREENS[0][0], height: SCREENS[0][1] });
  await page.emulateMedia({ colorScheme: 'light' });
  visit.complaints.push(...wrong);
}

const shown = (page, selector) => page.waitForSelector(selector, { state: 'visible' });

export async function empty(visit) {
  await visit.load();
  await look(visit, 'empty');
}

// A day in the life of a desk: some numbers, each of the types and severities, providers, a rejected line.
function busyDay() {
  const ago = (days) => new Date(Date.now() - days * 86400000).toISOString();
  const records = [
    { type: 'dnc.list.synced', provider: 'federal_dnc', sync_status: 'success', records_added: 1204, timestamp: ago(1) },
    { type: 'dnc.list.synced', provider: 'state_dnc', sync_status: 'success', records_added: 31, timestamp: ago(40) },
    { type: 'nonsense' }];
  for (let i = 0; i < 18; i++) {
    records.push(suppressed(i, { reason: ['complaint', 'consumer_request', 'regulatory'][i % 3] }));
    if (i % 5 === 0) records.push(...oneOfEach());
  }
  return records;
}

async function loadBusy(visit) {
  visit.hub.say(...busyDay());
  await visit.hub.has(44);
  await visit.load();
  await visit.hasRows(40);
}

export async function busy(visit) {
  const { page } = visit;
  await loadBusy(visit);
  await visit.says('#providers', /federal_dnc/);
  await look(visit, 'busy');
  await page.locator('#events tr[data-seq]', { hasText: '+13035550146' }).first().click();
  await shown(page, '#detail');
  await visit.says('#detail-history', /violation/i);
  await look(visit, 'detail');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await shown(page, 'dialog[open]');
  await look(visit, 'keys');
  await page.keyboard.press('Escape');
}

export async function searched(visit) {
  const { page } = visit;
  await loadBusy(visit);
  await page.click('[data-show="search"]');
  await look(visit, 'search-empty');
  await visit.send('#search-form', { event_types: 'dnc.number.*' });
  await shown(page, '#search-results tr[data-seq]');
  await look(visit, 'search');
}

export async function badFilter(visit) {
  await loadBusy(visit);
  await visit.send('#filters', { phone_patterns: '(303' });
  await until('the message is there', async () => (await visit.text('[data-error-for="phone_patterns"]')).length);
  await look(visit, 'bad-filter');
}

export async function broken(visit) {
  visit.expect(NO_HUB);
  await loadBusy(visit);
  tell('kill');
  await visit.state('reconnecting', 'offline');
  await look(visit, 'broken');
}

export async function tokens(visit) {
  const { page } = visit;
  visit.expect(FAILED_ANSWER);
  await visit.load('', 'token');
  await look(visit, 'token');
  await page.fill('#token', 'garbage');
  await page.press('#token', 'Enter');
  await until('it is refused', async () => (await visit.text('[data-error-for="token"]')).length);
  await look(visit, 'token-refused');
  await page.fill('#token', read('nobody'));
  await page.press('#token', 'Enter');
  await visit.state('denied');
  await look(visit, 'denied');
}

const focused = (page, selector) => page.evaluate((s) => Boolean(document.activeElement?.closest(s)), selector);

// Everything by keys: nothing here uses the mouse.
export async function keyboard(visit) {
  const { page, hub } = visit;
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  hub.say(...oneOfEach());
  await hub.has(6);
  await visit.load();
  await visit.shows([1, 2, 3, 4, 5, 6]);
  await press('j');
  await until('a row has the focus', () => focused(page, '#events tr'));
  const seq = () => page.evaluate(() => Number(document.activeElement.closest('tr')?.dataset.seq));
  const first = await seq();
  await press('j', 'ArrowDown');
  const third = await seq();
  if (Math.abs(third - first) !== 2) throw new Error(`j and the arrow move from ${first} to ${third}`);
  await press('k');
  if (Math.abs(await seq() - first) !== 1) throw new Error('k does not go back');
  const chosen = await seq();
  await press('Enter');
  await visit.detail(chosen);
  await press('Escape');
  await page.waitForSelector('#detail', { state: 'hidden' });
  if (await seq() !== chosen) throw new Error('the focus does not return to its row');
  await press('?');
  await shown(page, 'dialog[open]');
  await press('Escape');
  await page.waitForSelector('dialog[open]', { state: 'hidden' });
  await press('p');
  hub.say(suppressed(7), suppressed(8));
  await visit.says('#waiting', /\b2\b/);
  await press('p');
  await visit.has(8);
  await press('/');
  await until('the filter has the focus', () => focused(page, '#filters'));
  await page.keyboard.type('jp?');
  if (!(await page.evaluate(() => document.activeElement.value ?? '')).includes('jp?')) throw new Error('keys act while somebody writes');
  await page.keyboard.press('Escape');
}

// By the Tab key alone one comes to all that can be used, sees where one is, and gets out again.
export async function tabs(visit) {
  const { page, hub } = visit;
  hub.say(...oneOfEach());
  await hub.has(6);
  await visit.load();
  await visit.shows([1, 2, 3, 4, 5, 6]);
  const wanted = await page.$$eval('button, input, select, summary, a[href], textarea', (all) => all
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled && e.tabIndex >= 0)
    .map((e, i) => { e.dataset.stop = i; return i; }));
  const reached = new Set();
  const unseen = [];
  for (let i = 0; i < 2 * wanted.length + 40 && reached.size < wanted.length; i++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const e = document.activeElement;
      const style = getComputedStyle(e);
      return { stop: e.dataset.stop, name: e.id || e.outerHTML.slice(0, 80),
        seen: e === document.body || style.outlineStyle !== 'none' || style.boxShadow !== 'none' };
    });
    if (at.stop !== undefined) reached.add(Number(at.stop));
    if (!at.seen) unseen.push(at.name);
  }
  const missed = await page.$$eval('[data-stop]', (all, got) => all.filter((e) => !got.includes(Number(e.dataset.stop)))
    .map((e) => e.id || e.outerHTML.slice(0, 80)), [...reached]);
  if (missed.length) throw new Error(`Tab does not come to ${missed.join(', ')}`);
  if (unseen.length) throw new Error(`the focus can't be seen on ${unseen.join(', ')}`);
}
