// npm run exports: writes the entries that exist into package.json and tsconfig.json.
import { readFileSync, writeFileSync } from 'node:fs';
import { entryFields } from './check/exports.js';
import { publicEntries } from './entries.js';

const root = process.cwd();
const entries = publicEntries(root);
const fields = entryFields(root, entries);

const packageJson = JSON.parse(readFileSync('package.json', 'utf8'));
writeFileSync('package.json', `${JSON.stringify({ ...packageJson, ...fields.packageJson }, null, 2)}\n`);

const tsconfig = JSON.parse(readFileSync('tsconfig.json', 'utf8'));
const compilerOptions = { ...tsconfig.compilerOptions, paths: fields.paths };
writeFileSync('tsconfig.json', `${JSON.stringify({ ...tsconfig, compilerOptions }, null, 2)}\n`);
console.log(entries.map(({ subpath }) => `pipewright${subpath.slice(1)}`).join('\n'));
