import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** What tsup packs into the build, by name. */
const packedIn = [...(/noExternal: \[([^\]]*)\]/.exec(read('tsup.config.ts'))?.[1] ?? '').matchAll(/'([^']+)'/g)].map(
  ([, name]) => name as string,
);

describe('the licences of what is packed in', () => {
  it.each(packedIn)('are published with the package: %s', (name) => {
    const { version, license } = JSON.parse(read(`node_modules/${name}/package.json`)) as Record<string, string>;
    const section = read('THIRD-PARTY-LICENSES.md')
      .split('\n## ')
      .find((part) => part.startsWith(`${name} ${version}\n`));
    expect(section).toContain('Permission is hereby granted');
    expect(license).toBe('MIT');
    expect((JSON.parse(read('package.json')) as { files: string[] }).files).toContain('THIRD-PARTY-LICENSES.md');
  });

  it('are those of five packages', () => {
    expect(packedIn).toEqual(['eventemitter3', 'p-retry', 'is-network-error', 'stemmer', 'eventsource-parser']);
  });
});
