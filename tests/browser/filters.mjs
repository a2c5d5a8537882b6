// filters.mjs - what the page shows of the events, and why it shows none.
import { oneOfEach, suppressed, until } from './lib/hub.mjs';

const query = (page) => new URLSearchParams(new URL(page.url()).search);

export async function live(visit) {
  const { page, hub } = visit;
  hub.say(...oneOfEach());
  await hub.has(6);
  await visit.load();
  await visit.shows([1, 2, 3, 4, 5, 6]);
  await visit.send('#filters', { event_types: 'dnc.number.*' });
  await visit.shows([1, 2]);
  await until('the address has the filter', () => query(page).toString().includes('dnc.number.'));
  hub.say(...oneOfEach());
  await visit.shows([1, 2, 7, 8]);
  await visit.send('#filters', { event_types: '', min_severity: 'critical' });
  await visit.shows((await hub.log('min_severity=critical')).map((e) => e.seq));
  // The address is the filter: whoever gets it sees the same, and back is the one before.
  await page.reload();
  await visit.state('live');
  await visit.shows((await hub.log('min_severity=critical')).map((e) => e.seq));
  await page.goBack();
  await visit.shows([1, 2, 7, 8]);
  if (await page.inputValue('#filters [name="event_types"]') !== 'dnc.number.*') throw new Error('the field is not that of the address');
  await page.goBack();
  await visit.shows(Array.from({ length: 12 }, (_, i) => i + 1));
  await page.goForward();
  await visit.shows([1, 2, 7, 8]);
}

// The hub's own message stands beside the field, is read out with it, and what was shown goes on.
export async function bad(visit) {
  const { page, hub } = visit;
  const answer = await fetch(`${hub.url}api/v1/events?phone_patterns=%28303`);
  const { detail } = await answer.json();
  const field = '#filters [name="phone_patterns"]';
  await visit.load();
  hub.say(suppressed(1));
  await visit.shows([1]);
  // The field has changed when the button is pressed; the hub answers before it is let go.
  await page.fill(field, '(303');
  await page.hover('#filters button[type="submit"]');
  await page.mouse.down();
  await until('the message is beside its field', async () => (await visit.text('[data-error-for="phone_patterns"]')).length > 0);
  await page.mouse.up();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
  const text = await visit.text('[data-error-for="phone_patterns"]');
  const words = (t) => t.toLowerCase().match(/[a-z]{4,}/g);
  if (!words(text).some((w) => w.startsWith('paren')) || !words(detail).some((w) => words(text).includes(w)))
    throw new Error(`the page says "${text}", the hub "${detail}"`);
  if (await page.getAttribute(field, 'aria-invalid') !== 'true') throw new Error('the field is not marked as invalid');
  const described = (await page.getAttribute(field, 'aria-describedby') ?? '').split(' ');
  const id = await page.getAttribute('[data-error-for="phone_patterns"]', 'id');
  if (!id || !described.includes(id)) throw new Error('the message is not tied to its field');
  hub.say(suppressed(2));
  await visit.shows([1, 2]);
  await visit.send('#filters', { phone_patterns: '0002$' });
  await visit.shows([2]);
  await until('the message is gone', async () => await visit.text('[data-error-for="phone_patterns"]') === '');
  // The same from an address that somebody sent.
  await page.goto(`${hub.url}?phone_patterns=%28303`);
  await until('the message is beside its field', async () => /paren/i.test(await visit.text('[data-error-for="phone_patterns"]')));
  // Nothing was compared, so that nothing is said of what matches.
  await visit.says('#live-empty', /refuses the filter/);
}

export async function strange(visit) {
  const { hub } = visit;
  hub.say(...oneOfEach());
  await hub.has(6);
  await visit.load('?severty=high&view=live&providers=carrier');
  await visit.shows([6]);
  await visit.says('#filters-note', /"severty"[^]*filters nothing/);
  if (/view|providers/.test(await visit.text('#filters-note'))) throw new Error('it tells of what is used');
  await visit.send('#filters', { providers: '' });
  await visit.shows([1, 2, 3, 4, 5, 6]);
  await visit.says('#filters-note', /severty/);
}

// As people write it, or as the table shows it: the field shows the pattern that it becomes.
export async function number(visit) {
  const { page, hub } = visit;
  hub.say(suppressed(143), suppressed(144), suppressed(1143));
  await hub.has(3);
  await visit.load();
  await visit.shows([1, 2, 3]);
  for (const text of ['303-555-0143', '(303) 555-0143', '+13035550143']) {
    await visit.send('#filters', { phone_patterns: text });
    await visit.shows([1]);
    const shown = await page.inputValue('#filters [name="phone_patterns"]');
    if (shown !== '^\\+13035550143$') throw new Error(`${text} became ${shown}`);
    await visit.send('#filters', { phone_patterns: '' });
    await visit.shows([1, 2, 3]);
  }
}

// On a phone the fields are behind a button; the message that a person needs is not.
export async function badOnAPhone(visit) {
  await visit.load('?phone_patterns=%28303');
  await until('the message is seen', () => visit.page.locator('[data-error-for="phone_patterns"]', { hasText: /paren/ }).isVisible());
  const expanded = await visit.page.getAttribute('#toggle-filters', 'aria-expanded');
  if (expanded !== 'true') throw new Error(`the button says aria-expanded=${expanded}`);
}
badOnAPhone.context = { viewport: { width: 390, height: 844 } };

// Half a minute passes by the page's clock alone, in steps that leave the hub time to answer.
async function timePasses(page, text, said) {
  await until(text, async () => { await page.clock.runFor(1000); return said(); });
}

export async function quiet(visit) {
  const { page, hub } = visit;
  const status = (pattern) => async () => pattern.test(await visit.text('#status'));
  await page.clock.install();
  await visit.load();
  await visit.says('#main', /no events yet/i);
  await timePasses(page, 'it says that nothing came in', status(/nothing came in for/i));
  hub.say(...Array.from({ length: 20 }, (_, i) => suppressed(i)));
  await timePasses(page, '20 are shown', async () => (await visit.seqs()).length === 20);
  await until('it is quiet no more', async () => await visit.text('#status') === 'Connected');
  await visit.send('#filters', { providers: 'nobody' });
  await timePasses(page, 'nothing is shown', async () => (await visit.seqs()).length === 0);
  hub.say(...Array.from({ length: 7 }, (_, i) => suppressed(i)));
  // The hub looks through the past first: the 20 of before, and the 7 new ones.
  await timePasses(page, 'it says that none matches', status(/the filter matched 0 of 27 events/i));
}

export async function named(visit) {
  const { page, hub } = visit;
  hub.say(...oneOfEach());
  await hub.has(6);
  await visit.load();
  await visit.shows([1, 2, 3, 4, 5, 6]);
  const options = await page.locator('#named-filters option').allInnerTexts();
  if (!options.some((o) => /night/.test(o)) || options.some((o) => /secret/.test(o))) throw new Error(`it offers ${options}`);
  await page.selectOption('#named-filters', { label: options.find((o) => /night/.test(o)) });
  await visit.shows((await hub.log('event_types=dnc.compliance.violation,dnc.provider.status_change')).map((e) => e.seq));
}
