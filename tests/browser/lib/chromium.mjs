// chromium.mjs - starts Debian's Chromium. As a program it starts one that the scripts of a bats file share, prints its
// address, and ends on SIGTERM, and after ten minutes by itself: nothing that hangs outlives its test.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from './need.mjs';

const LIFE_MS = 600000;
const options = {
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium', timeout: 120000,
  args: ['--disable-dev-shm-usage', ...(process.getuid() === 0 ? ['--no-sandbox'] : [])], // which it can't set up for root
};

export const launch = () => chromium.launch(options);

if (realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  const server = await chromium.launchServer(options);
  console.log(server.wsEndpoint());
  setTimeout(() => server.kill(), LIFE_MS).unref();
}
