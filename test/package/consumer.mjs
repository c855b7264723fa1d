// What a user's program does with the installed package: imports every entry as a module, and runs a pipe.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { exports: entries } = createRequire(import.meta.url)('pipewright/package.json');
// The suites import vitest, which only those who run them have.
const subpaths = Object.keys(entries).filter((key) => !['./package.json', './testing/suites'].includes(key));
for (const subpath of subpaths) {
  const names = Object.keys(await import(`pipewright${subpath.slice(1)}`));
  assert(names.length > 0, `pipewright${subpath.slice(1)} exports nothing`);
}
const { isPipewrightError, pipe, PipewrightError } = await import('pipewright');
assert.equal(
  await pipe(
    (text) => text.trim(),
    (text) => text.length,
  )(' four '),
  4,
);
assert(isPipewrightError(new PipewrightError('timeout', 'Too slow.')));
console.log(`ESM: ${subpaths.length} entries`);
