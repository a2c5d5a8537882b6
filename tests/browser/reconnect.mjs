// reconnect.mjs - the hub dies, and the page goes on where it stopped.
import { suppressed, tell, told, until } from './lib/hub.mjs';
import { NO_HUB } from './lib/visit.mjs';

const KILLS = 3;

const some = (from, count) => Array.from({ length: count }, (_, i) => suppressed(from + i));

// Each row is in the log, each event of the log is a row, and none is there twice.
export async function resumes(visit) {
  const { page, hub } = visit;
  visit.expect(NO_HUB);
  await visit.load();
  let sent = 0;
  for (let round = 1; round <= KILLS; round++) {
    // The hub is killed while events arrive; what it has acknowledged is in the log, and perhaps more.
    let going = true;
    const publishing = (async () => {
      for (; going; sent += 5) await hub.publish(...some(sent, 5)).catch(() => { going = false; });
    })();
    await visit.hasRows(20 * round);
    tell(`kill-${round}`);
    await publishing;
    await visit.state('reconnecting', 'offline');
    await visit.says('#status', /reconnect|not connected/i);
    tell(`seen-${round}`);
    await told(`again-${round}`);
    await hub.publish(...some(sent, 5)); // perhaps before the page is back
    await visit.state('live');
    await hub.publish(...some(sent, 5));
    const log = (await hub.log()).map((e) => e.seq);
    await visit.shows(log);
  }
  if (await page.locator('#events .gap').count()) throw new Error('it tells of a gap, and nothing is missing');
}

// The log was lost: the page says that what it showed is not of this log.
export async function anotherLog(visit) {
  const { hub } = visit;
  visit.expect(NO_HUB);
  await visit.load();
  await hub.publish(...some(0, 20));
  await visit.shows(Array.from({ length: 20 }, (_, i) => i + 1));
  tell('kill-1');
  await visit.state('reconnecting', 'offline');
  tell('seen-1');
  await told('again-1');
  await visit.state('live');
  await hub.publish(...some(0, 3));
  await until('the new events are shown', async () => (await visit.page.locator('#events tr[data-seq]').first().getAttribute('data-seq')) === '3');
  await visit.says('#events', /missing|gap|not received|log/i);
}
