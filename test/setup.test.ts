import { describe, expect, it } from 'vitest';
import { countTests, summarize } from '../scripts/ci-summary.mjs';
import { isAtLeast, missingPackages } from '../scripts/setup.mjs';

describe('setting up a clone', () => {
  it.each([
    ['v20.19.0', true],
    ['v20.20.2', true],
    ['v26.0.0', true],
    ['v20.18.3', false],
    ['v18.20.0', false],
    ['v9.99.99', false],
  ])('takes Node %s: %s', (version, isGood) => {
    expect(isAtLeast(version, '20.19')).toBe(isGood);
  });

  it('installs when a package is missing or of another version, and lets optional ones be absent', () => {
    const lock = {
      packages: {
        '': {},
        'node_modules/a': { version: '1.0.0' },
        'node_modules/b': { version: '2.0.0', optional: true },
        'node_modules/c': { version: '3.0.0', optional: true },
      },
    };
    const a = { version: '1.0.0' };
    expect(missingPackages(lock, { packages: { 'node_modules/a': a } })).toEqual([]);
    expect(missingPackages(lock, { packages: {} })).toEqual(['node_modules/a']);
    expect(missingPackages(lock, { packages: { 'node_modules/a': { version: '1.0.1' } } })).toEqual(['node_modules/a']);
    const stale = { 'node_modules/a': a, 'node_modules/c': { version: '2.9.9' } };
    expect(missingPackages(lock, { packages: stale })).toEqual(['node_modules/c']);
  });
});

describe('the summary of a CI run', () => {
  const passed = { status: 'passed' };
  const failed = { status: 'failed' };
  const good = { testResults: [{ status: 'passed', assertionResults: [passed, passed, { status: 'skipped' }] }] };
  const bad = { testResults: [{ status: 'failed', assertionResults: [passed, failed] }] };
  const broken = { testResults: [{ status: 'failed', assertionResults: [] }] };

  it('adds up the tests of all runs', () => {
    expect(summarize([good, good], 0)).toEqual({ line: '4 passed, 0 failed', isGood: true });
    expect(summarize([good, bad], 1)).toEqual({ line: '3 passed, 1 failed', isGood: false });
  });

  it('counts a test file that did not even load', () => {
    expect(countTests([good, broken])).toEqual({ passed: 2, failed: 1 });
  });

  it('never looks good when a step without tests failed', () => {
    expect(summarize([good], 2)).toEqual({ line: '2 passed, 2 failed', isGood: false });
  });
});
