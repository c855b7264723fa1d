import { describe, expect, it } from 'vitest';
import { createRun } from './index.js';

describe('a scope of a run', () => {
  it('Q04 hears of an abort above even when another listener disposes it on the way', () => {
    const control = new AbortController();
    const run = createRun({ signal: control.signal });
    const heard: string[] = [];
    run.onAbort(() => scope[Symbol.dispose]());
    const scope = run.scope();
    const { signal } = scope.run;
    scope.run.onAbort(() => heard.push('inside'));
    control.abort('gone');
    expect([heard, signal.reason]).toEqual([['inside'], 'gone']);
  });

  it('hears nothing of what is above once it is disposed', () => {
    const control = new AbortController();
    const scope = createRun({ signal: control.signal }).scope();
    const heard: string[] = [];
    scope.run.onAbort(() => heard.push('inside'));
    scope[Symbol.dispose]();
    control.abort('gone');
    expect(heard).toEqual([]);
  });
});
