// sessions.mjs - who may see what: tokens, their end, and masked numbers.
import { oneOfEach, read, suppressed, tell, told, until } from './lib/hub.mjs';
import { FAILED_ANSWER, NO_HUB } from './lib/visit.mjs';

const stored = (page) => page.evaluate(() => ({ session: JSON.stringify(sessionStorage), local: JSON.stringify(localStorage), cookie: document.cookie }));

async function signIn({ page }, token) {
  await page.fill('#token', token);
  await page.press('#token', 'Enter');
}

export async function tokenAsked(visit) {
  const { page } = visit;
  const token = read('token');
  visit.expect(FAILED_ANSWER);
  await visit.load('', 'token');
  if (await page.getAttribute('#token', 'type') !== 'password') throw new Error('the token can be read over the shoulder');
  await signIn(visit, 'garbage');
  await until('the token is refused', async () => /token/i.test(await visit.text('[data-error-for="token"]')));
  await visit.state('token', 'denied');
  await signIn(visit, token);
  await visit.state('live');
  const kept = await stored(page);
  if (!kept.session.includes(token)) throw new Error('the token is not kept for this tab');
  if (kept.local.includes(token) || kept.cookie) throw new Error('the token is kept beyond the tab');
  if (page.url().includes(token.slice(0, 20)) || (await page.content()).includes(token.slice(0, 60))) throw new Error('the token is in the page');
  await page.reload();
  await visit.state('live');
  // Its number is not for the next one who signs in here.
  await page.fill('#filters [name="phone_patterns"]', '^\\+12025550143$');
  await page.click('#filters button[type="submit"]');
  await until('the filter is in the address', () => page.url().includes('12025550143'));
  await page.click('#sign-out');
  await visit.state('token');
  const left = await stored(page);
  if (left.session.includes(token.slice(0, 20))) throw new Error('the token is kept after the sign-out');
  if ((await visit.seqs()).length) throw new Error('events are shown after the sign-out');
  if (page.url().includes('12025550143') || (await page.inputValue('#filters [name="phone_patterns"]')))
    throw new Error('the filter is kept after the sign-out');
  await page.reload();
  await visit.state('token');
}

const SIGNED_OUT = 'Not connected: sign in with a token';
const offered = (page) => page.$$eval('#named-filters option', (all) => all.length - 1);

export async function lateAnswers(visit) {
  const { page } = visit;
  visit.expect(FAILED_ANSWER);
  const FILTERS = '**/api/v1/filters';
  let release;
  const late = new Promise((done) => { release = done; });
  await page.route(FILTERS, async (route) => {
    const response = await route.fetch();
    await late;
    await route.fulfill({ response });
  });
  await visit.load('', 'token');
  const asked = page.waitForRequest(FILTERS);
  await signIn(visit, read('token'));
  await visit.state('live');
  await visit.says('#status', /expires in less than 10 min/);
  const request = await asked;
  await page.click('#sign-out');
  await visit.state('token');
  release();
  await (await request.response()).finished();
  // The page has done with the answer once it has drawn again; the status is told anew each five seconds.
  await page.evaluate(() => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 0)));
  if (await offered(page)) throw new Error('the filters of the session before are offered');
  if (/secret name/.test(await page.content())) throw new Error('a filter of the session before is in the page');
  await page.evaluate(() => document.querySelector('#status').replaceChildren());
  await visit.says('#status', /./);
  if (await visit.text('#status') !== SIGNED_OUT) throw new Error(`the status is ${await visit.text('#status')}`);

  // An answer that fails takes nothing away.
  await page.unroute(FILTERS);
  await signIn(visit, read('token'));
  await until('the filter is offered', async () => await offered(page) === 1);
  await page.route(FILTERS, (route) => route.fulfill({ status: 503, body: '{}' }));
  const again = page.waitForResponse(FILTERS);
  await page.locator('#filters [name="event_types"]').fill('dnc.number.*');
  await page.keyboard.press('Enter'); // a filter that is confirmed begins a new connection
  await again;
  await visit.state('live');
  if (await offered(page) !== 1) throw new Error('a failed answer has emptied the list');
}

export async function outWhileAway(visit) {
  const { page, hub } = visit;
  visit.expect(FAILED_ANSWER, NO_HUB);
  await visit.load('', 'token');
  await signIn(visit, read('token'));
  await visit.state('live');
  tell('signed-in');
  await visit.state('reconnecting', 'offline');
  await page.click('#sign-out');
  await visit.state('token');
  tell('out');
  await told('back');
  const asked = [];
  page.on('request', (r) => asked.push(r.url()));
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.evaluate((url) => fetch(url).then((r) => r.text()), `${hub.url}healthz`); // which comes after what the event asked
  if (asked.length > 1) throw new Error(`the page asks ${asked}`);
  if (!await page.locator('#token-form').isVisible()) throw new Error('the form for the token is gone');
}

// What ended the session is said, and nothing of it stays on the screen.
async function ends(visit, pattern) {
  const { page } = visit;
  await visit.state('token');
  await until(`the page says ${pattern}`, async () => pattern.test(await page.locator('body').innerText()));
}

export async function expires(visit) {
  visit.expect(FAILED_ANSWER);
  await visit.load('', 'token');
  await signIn(visit, read('token'));
  await visit.state('live');
  await ends(visit, /expired/i);
  await signIn(visit, read('next'));
  await visit.state('live');
}

export async function revoked(visit) {
  visit.expect(FAILED_ANSWER);
  await visit.load('', 'token');
  await signIn(visit, read('token'));
  await visit.state('live');
  tell('signed-in');
  await told('revoked');
  await ends(visit, /revoked/i);
}

export async function masked(visit) {
  const { page, hub } = visit;
  // The operator may not ask for the past, the clients and the metrics; the page needs not try.
  await visit.load();
  await until('the page says so', () => page.isVisible('#masked'));
  await visit.says('#live-empty', /may not read the past[^]*from now on/);
  await page.click('[data-show="search"]');
  await visit.says('#search-note', /may not read the past/);
  if (await page.isVisible('#search-empty')) throw new Error('the page says how to search, and that the role may not');
  await page.click('[data-show="live"]');
  hub.say(...oneOfEach());
  await visit.shows([1, 2, 3, 4, 6]);
  await visit.says('#events tr[data-seq="1"]', /\+1\*{6}0143/);
  await visit.row(1).click();
  const shown = await visit.detail(1);
  if (shown.phone_number !== '+1******0143') throw new Error(`the detail has ${shown.phone_number}`);
  const { text } = await visit.saved('#export-ndjson');
  if (/303[^0-9]{0,3}555/.test(text + await page.content())) throw new Error('a whole number is in the page');
  hub.say(suppressed(9));
  await visit.has(7);
}
