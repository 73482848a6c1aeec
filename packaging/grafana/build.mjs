// Writes what is committed beside it: npm install && npm run build. With --stdout NAME only prints that file.
import {writeFileSync} from 'node:fs';
import {consolePage} from './console.mjs';
import {marks, rows} from './panels.mjs';

const folder = new URL('.', import.meta.url);
const files = {
  'neap-fleet.json': async () => JSON.stringify((await import('./dashboard.mjs')).dashboard(rows, marks), null, 1) + '\n',
  '../prometheus/consoles/neap.html': async () => consolePage(rows),
};
const only = process.argv[2] === '--stdout' ? process.argv[3] : undefined;
for (const [name, content] of Object.entries(files)) {
  if (only === undefined) writeFileSync(new URL(name, folder), await content());
  else if (only === name) process.stdout.write(await content());
}
