// npm run api: writes the list of public names, once the changelog tells of what changed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { apiChanges, apiPath, apiText, mayRewrite, publicNames } from './check/api.js';
import { publicEntries } from './entries.js';

const root = process.cwd();
const listed = existsSync(apiPath) ? readFileSync(apiPath, 'utf8') : '';
const changelog = readFileSync('CHANGELOG.md', 'utf8');
const names = publicNames(root, publicEntries(root));
for (const change of apiChanges(listed, names)) console.log(change);
if (mayRewrite(listed, names, changelog)) {
  writeFileSync(apiPath, apiText(names, changelog));
  console.log(`${apiPath}: ${names.length} public names.`);
} else {
  console.error('Nothing written: describe these changes under "Unreleased" in CHANGELOG.md first.');
  process.exitCode = 1;
}
