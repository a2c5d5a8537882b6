// visit.mjs - one visit to the page: its parts as the tests name them, and all that it did wrong. Nothing may be
// written to the console, no content policy violated, no other host asked, unless the script said that it
// will happen.
import { until } from './hub.mjs';

// What a page is expected to say itself: nothing. What Chromium says of answers and connections that fail:
export const FAILED_ANSWER = /^Failed to load resource: the server responded with a status of/;
export const NO_HUB = /ERR_CONNECTION_REFUSED|^WebSocket connection to .* failed/;

export class Visit {
  constructor(context, hub) {
    this.context = context;
    this.hub = hub;
    this.complaints = [];
    this.expected = [];
  }

  static async open(browser, hub, options = {}) {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 }, locale: 'en-US', timezoneId: 'America/Denver', ...options,
    });
    const visit = new Visit(context, hub);
    await context.exposeFunction('tellViolation', (text) => visit.complain(`content policy: ${text}`));
    await context.addInitScript(() => document.addEventListener('securitypolicyviolation', (e) =>
      window.tellViolation(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`)));
    visit.page = await context.newPage();
    visit.watch(visit.page);
    return visit;
  }

  watch(page) {
    page.setDefaultTimeout(30000);
    page.on('console', (m) => this.complain(`console: ${m.text()} (${m.location().url})`, m.text()));
    page.on('pageerror', (e) => this.complain(`error: ${e.stack || e}`));
    page.on('request', (r) => {
      const url = new URL(r.url());
      if (url.host !== this.hub.address && !['blob:', 'data:'].includes(url.protocol)) this.complain(`asked ${url}`);
    });
  }

  complain(text, said = text) {
    if (!this.expected.some((e) => e.test(said))) this.complaints.push(text);
  }

  // From now on what matches is no fault.
  expect(...patterns) { this.expected.push(...patterns); }

  // Loads the page, and waits for it to be in one of these states.
  async load(query = '', state = 'live') {
    await this.page.goto(this.hub.url + query);
    await this.state(state);
  }

  state(...states) {
    return until(`the page is ${states}`, async () => states.includes(await this.page.getAttribute('body', 'data-state')));
  }

  // The sequence numbers of the rows, from the top.
  seqs() { return this.page.$$eval('#events tr[data-seq]', (rows) => rows.map((r) => Number(r.dataset.seq))); }

  // Waits until this event is shown.
  has(seq) {
    return until(`event ${seq} is shown`, () =>
      this.page.evaluate((n) => Boolean(document.querySelector(`#events tr[data-seq="${n}"]`)), seq));
  }

  // Waits until so many events are shown.
  hasRows(count) {
    return until(`${count} events are shown`, () =>
      this.page.evaluate((n) => document.querySelectorAll('#events tr[data-seq]').length >= n, count));
  }

  // Waits until exactly these are shown, whatever their order.
  shows(seqs) {
    const wanted = [...seqs].sort((a, b) => a - b).join();
    return until(`the rows are ${wanted}`, async () =>
      (await this.seqs()).sort((a, b) => a - b).join() === wanted);
  }

  // The event in the detail pane, once it is that of SEQ.
  detail(seq) {
    return until(`the detail is event ${seq}`, async () => {
      const text = await this.page.textContent('#detail-json');
      const event = text && JSON.parse(text);
      return event?.seq === seq && await this.page.locator('#detail').isVisible() ? event : null;
    });
  }

  row(seq) { return this.page.locator(`#events tr[data-seq="${seq}"]`); }
  text(selector) { return this.page.locator(selector).innerText(); }

  says(selector, pattern) {
    return until(`${selector} says ${pattern}`, async () => pattern.test(await this.text(selector)));
  }

  // Fills in a form by its fields' names, and sends it.
  async send(form, values) {
    for (const [name, value] of Object.entries(values)) {
      const field = this.page.locator(`${form} [name="${name}"]`);
      // It may be among the fields that are seldom needed.
      await field.evaluate((f) => { for (let d = f.closest('details'); d; d = d.parentElement.closest('details')) d.open = true; });
      if (await field.evaluate((f) => f.tagName) === 'SELECT') await field.selectOption(value);
      else await field.fill(value);
    }
    await this.page.locator(`${form} [type="submit"]`).first().click();
  }

  // The text of what a click on the button saves.
  async saved(button) {
    const [download] = await Promise.all([this.page.waitForEvent('download'), this.page.click(button)]);
    const chunks = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk);
    return { name: download.suggestedFilename(), text: Buffer.concat(chunks).toString() };
  }
}
