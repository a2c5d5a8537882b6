// emit.mjs - prints RATE records a second, by the clock, until it is ended or nobody reads them.
import { suppressed } from '../../browser/lib/hub.mjs';

const rate = Number(process.argv[2]);
const start = performance.now();
let sent = 0;
process.stdout.on('error', () => process.exit(0));
setInterval(() => {
  for (const due = ((performance.now() - start) * rate) / 1000; sent < due; sent++) process.stdout.write(`${JSON.stringify(suppressed(sent))}\n`);
}, 5);
