// hub.mjs - the hub that a bats file has started: its input is descriptor 9, its address is in ADDRESS.
import { existsSync, readFileSync, writeFileSync, writeSync } from 'node:fs';

const INPUT = 9;
const DEADLINE_MS = 60000; // of a machine with much else to do
const POLL_MS = 80;

// Waits until what() is true, and returns its value. Says what it waited for if that never comes.
export async function until(text, what) {
  const end = Date.now() + DEADLINE_MS;
  for (let last; ;) {
    const value = await what();
    if (value) return value;
    last = value;
    if (Date.now() > end) throw new Error(`waited in vain until ${text} (${JSON.stringify(last)})`);
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

// A record that the hub makes an event of; n gives it a number of its own.
export const suppressed = (n, more) => ({
  type: 'dnc.number.suppressed', phone_number: `+1303555${String(n % 10000).padStart(4, '0')}`,
  reason: 'consumer_request', source: 'consumer', ...more,
});

// One of each type, of all severities.
export const oneOfEach = () => [
  suppressed(143, { reason: 'complaint', suppressed_by: 'web' }),
  { type: 'dnc.number.released', phone_number: '+13035550144', reason: 'expired' },
  { type: 'dnc.check.performed', phone_number: '+13035550145', result: 'blocked', check_type: 'routing' },
  { type: 'dnc.list.synced', provider: 'federal_dnc', sync_status: 'success', records_added: 1204 },
  { type: 'dnc.compliance.violation', phone_number: '+13035550146', violation_type: 'called_while_suppressed' },
  { type: 'dnc.provider.status_change', provider: 'carrier', new_status: 'offline' },
];

export class Hub {
  constructor(address = process.env.ADDRESS, token = process.env.TOKEN) {
    this.address = address;
    this.url = `http://${address}/`;
    this.token = token;
  }

  // Gives the hub these records, in order.
  say(...records) {
    const bytes = Buffer.from(records.map((r) => `${JSON.stringify(r)}\n`).join(''));
    for (let at = 0; at < bytes.length;) at += writeSync(INPUT, bytes, at);
  }

  async ask(path, options = {}) {
    const headers = { Accept: 'application/json', ...options.headers };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const answer = await fetch(new URL(path, this.url), { ...options, headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  // By HTTP, where descriptor 9 is another hub's. Returns once the log has them.
  publish(...records) {
    return this.ask('/api/v1/events', { method: 'POST', body: JSON.stringify(records) });
  }

  async lastSeq() { return (await this.ask('/api/v1/info')).last_seq; }

  // All that the log has, as this client sees it.
  async log(query = '') { return this.ask(`/api/v1/events?limit=100000&${query}`); }

  // Waits until the log has so many events.
  has(count) { return until(`the log has ${count} events`, async () => await this.lastSeq() >= count); }
}

// What script and bats file tell each other are files of the test.
const place = (word) => `${process.env.BATS_TEST_TMPDIR}/${word}`;
export const tell = (word, text = '') => writeFileSync(place(word), text);
export const told = (word) => until(`the test says ${word}`, () => existsSync(place(word)));
export const read = (word) => readFileSync(place(word), 'utf8').trim();
