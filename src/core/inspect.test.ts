import { describe, expect, it } from 'vitest';
import { branch, inspect, loop, map, named, parallel, pipe, route, toMermaid } from './index.js';

const plusOne = (n: number): number => n + 1;

describe('inspect', () => {
  it('gives the tree of any step as plain data, and runs nothing', () => {
    let calls = 0;
    const count = (): number => ++calls;
    const step = pipe(
      plusOne,
      parallel({ a: plusOne, b: count }),
      ({ a }) => a,
      branch(() => true, count),
      loop(count, { until: () => true, maxRounds: 3 }),
    );
    const tree = inspect(step);
    expect(JSON.parse(JSON.stringify(tree))).toEqual(tree);
    expect(tree).toMatchObject({
      kind: 'pipe',
      name: 'pipe',
      children: [
        { kind: 'function', name: 'plusOne', children: [] },
        {
          kind: 'parallel',
          children: [
            { label: 'a', name: 'plusOne' },
            { label: 'b', name: 'count' },
          ],
        },
        { kind: 'function' },
        { kind: 'branch', children: [{ label: 'when' }, { label: 'then', name: 'count' }] },
        { kind: 'loop', details: { maxRounds: 3 }, children: [{ name: 'count' }] },
      ],
    });
    expect(calls).toBe(0);
  });

  it('knows the parts of routes and maps', () => {
    expect(inspect(route(() => 'x', { x: plusOne, y: plusOne })).children.map(({ label }) => label)).toEqual([
      'choose',
      'x',
      'y',
    ]);
    expect(inspect(map(plusOne, { concurrency: 2 }))).toMatchObject({ kind: 'map', details: { concurrency: 2 } });
    expect(inspect(branch(() => true, plusOne, plusOne)).children.map(({ label }) => label)).toEqual([
      'when',
      'then',
      'otherwise',
    ]);
  });
});

describe('toMermaid', () => {
  it('draws sequences as chains and the rest as trees', () => {
    expect(
      toMermaid(pipe(plusOne, parallel({ a: plusOne, b: named('end', plusOne) }), Object.values<number>, map(plusOne))),
    ).toMatchInlineSnapshot(`
      "flowchart TD
        n0["pipe"]
        n1["function: plusOne"]
        n0 --> n1
        n2["parallel"]
        n3["function: plusOne"]
        n2 -->|"a"| n3
        n4["named: end"]
        n5["function: plusOne"]
        n4 --> n5
        n2 -->|"b"| n4
        n1 ==> n2
        n6["function: values"]
        n2 ==> n6
        n7["map<br/>concurrency = 8"]
        n8["function: plusOne"]
        n7 --> n8
        n6 ==> n7
      "
    `);
  });

  it('escapes names that would end a label', () => {
    const drawing = toMermaid(named('a "quoted" <b> & c\nd', plusOne));
    expect(drawing).toContain('a &quot;quoted&quot; &lt;b&gt; &amp; c d');
    expect(drawing.split('\n')).toHaveLength(5);
  });
});
