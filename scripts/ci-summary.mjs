// Prints `N passed, N failed` from the results that vitest wrote, and fails when anything did.
// node scripts/ci-summary.mjs <failed steps> <results.json>…
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Adds up result files. A test file that broke before its tests ran counts as one failed test, so that nothing fails unseen. */
export const countTests = (reports) => {
  const files = reports.flatMap(({ testResults }) => testResults);
  const tests = files.flatMap(({ assertionResults }) => assertionResults);
  const broken = files.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: tests.filter(({ status }) => status === 'failed').length + broken.length,
  };
};

/** The last line and the exit code. A failed step that no failed test explains counts as one. */
export const summarize = (reports, failedSteps) => {
  const { passed, failed } = countTests(reports);
  return {
    line: `${passed} passed, ${Math.max(failed, failedSteps)} failed`,
    isGood: failed === 0 && failedSteps === 0,
  };
};

const readReports = (paths) =>
  paths.flatMap((path) => {
    try {
      return [JSON.parse(readFileSync(path, 'utf8'))];
    } catch {
      console.log(`no results in ${path}`);
      return []; // the step that should have written it is among the failed ones
    }
  });

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [failedSteps, ...paths] = process.argv.slice(2);
  const { line, isGood } = summarize(readReports(paths), Number(failedSteps));
  console.log(line);
  process.exitCode = isGood ? 0 : 1;
}
