import { onTestFinished } from 'vitest';

/** How many threads started since, while the test runs. */
export const countThreads = (): (() => number) => {
  let count = 0;
  const add = (): void => void count++;
  process.on('worker', add);
  onTestFinished(() => void process.off('worker', add));
  return () => count;
};
