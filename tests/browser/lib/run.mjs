// run.mjs - runs one case: node run.mjs SCRIPT CASE, where CASE is a function that SCRIPT.mjs exports. It is
// given a visit (visit.mjs) to the page of the hub at ADDRESS, in the Chromium at BROWSER.
// CASE.context has options of the browser's context.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from './need.mjs';
import { Hub } from './hub.mjs';
import { Visit } from './visit.mjs';

const [script, name] = process.argv.slice(2);
const test = (await import(`../${script}.mjs`))[name];
const browser = await chromium.connect(process.env.BROWSER);
const visit = await Visit.open(browser, new Hub(), test.context);
let failure;
try {
  await test(visit);
} catch (e) {
  failure = e;
}
if (failure || visit.complaints.length) {
  const folder = fileURLToPath(new URL('../../../build/screenshots/failed/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  await visit.page.screenshot({ path: `${folder}${script}-${name}.png`, caret: 'initial' }).catch(() => {});
  console.error([failure?.stack, ...visit.complaints].filter(Boolean).join('\n'));
  process.exitCode = 1;
}
await visit.context.close();
await browser.close();
