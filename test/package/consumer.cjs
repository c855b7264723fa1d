// The same as consumer.mjs for programs that use require().
const assert = require('node:assert/strict');

const { exports: entries } = require('pipewright/package.json');
const subpaths = Object.keys(entries).filter((key) => !['./package.json', './testing/suites'].includes(key));
for (const subpath of subpaths) {
  const names = Object.keys(require(`pipewright${subpath.slice(1)}`));
  assert(names.length > 0, `pipewright${subpath.slice(1)} exports nothing`);
}
const { isPipewrightError, pipe, PipewrightError } = require('pipewright');
assert(isPipewrightError(new PipewrightError('timeout', 'Too slow.')));
pipe(
  (text) => text.trim(),
  (text) => text.length,
)(' four ').then((length) => {
  assert.equal(length, 4);
  console.log(`CommonJS: ${subpaths.length} entries`);
});
