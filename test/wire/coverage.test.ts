import { describe, expect, it } from 'vitest';
import { apis } from './apis.js';
import { recordings } from './recordings.js';

const table = (): string => {
  const counts = new Map<string, number>();
  for (const { provider, api, kind } of recordings) {
    const key = `${provider}\t${api}\t${kind}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([key, count]) => `${key}\t${count}`).join('\n');
};

describe.runIf(recordings.length > 0)('recorded traffic', () => {
  it('is all tested, each recording by one API', () => {
    const wrong = recordings
      .map((recording) => ({
        file: recording.file,
        by: Object.keys(apis).filter((name) => apis[name]?.covers(recording)),
      }))
      .filter(({ by }) => by.length !== 1);
    expect(wrong).toEqual([]);
    if (process.env.PIPEWRIGHT_WIRE_TABLE !== undefined) console.log(table());
  });
});
