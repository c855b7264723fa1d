import { describe, expect, it, vi } from 'vitest';
import { testRun } from '../testing/index.js';
import { createRun, isWithin, type RunEvent, runKey } from './index.js';

describe('createRun', () => {
  it('has an id of 16 hexadecimal digits, or the one that was given', () => {
    expect(createRun().id).toMatch(/^[0-9a-f]{16}$/);
    expect(createRun().id).not.toBe(createRun().id);
    const run = createRun({ id: 'mine' });
    expect(run.child('a').with({}).id).toBe('mine');
    expect(testRun().run.id).toBe(testRun().run.id);
  });

  it('has a signal that never aborts when none is given', () => {
    const run = createRun();
    expect(run.signal.aborted).toBe(false);
    expect(run.child('a').signal).toBe(run.signal);
    expect(() => run.throwIfAborted()).not.toThrow();
  });

  it('throws the reason once its signal has aborted, in its children too', () => {
    const { run, abort } = testRun();
    const child = run.child('a');
    abort('gone');
    for (const each of [run, child, run.with({})]) expect(() => each.throwIfAborted()).toThrow('gone');
  });

  it('works when a step takes its functions out of it', () => {
    const { run, events } = testRun();
    const { emit, child, throwIfAborted, get, with: within } = run;
    emit({ type: 'warning', message: 'one' });
    child('a').emit({ type: 'warning', message: 'two' });
    within({}).emit({ type: 'warning', message: 'three' });
    throwIfAborted();
    expect(get(runKey('none'))).toBeUndefined();
    expect(events).toHaveLength(3);
  });
});

describe('spans', () => {
  it('nest, with ids unique in the run and paths from the outside in', () => {
    const { run } = testRun();
    const a = run.child('a');
    const b = a.child('b');
    const other = run.child('other');
    expect(b.span).toMatchObject({ name: 'b', path: ['a', 'b'], parent: a.span });
    expect(new Set([run, a, b, other].map(({ span }) => span.id)).size).toBe(4);
    expect(a.with({}).span).toBe(a.span);
    expect([
      isWithin(b.span, a.span),
      isWithin(a.span, a.span),
      isWithin(a.span, b.span),
      isWithin(b.span, other.span),
    ]).toEqual([true, true, false, false]);
  });
});

describe('events', () => {
  it('carry their span and the time of the run', async () => {
    const { run, clock, events } = testRun({ nowMs: 1_000 });
    await clock.advance(5);
    const child = run.child('a');
    child.emit({ type: 'text-delta', text: 'x' });
    child.emit({ type: 'reasoning-delta', text: 'y' });
    child.emit({ type: 'progress', label: 'p', done: 1 });
    expect(events).toEqual([
      { type: 'text-delta', text: 'x', span: child.span, atMs: 1_005 },
      { type: 'reasoning-delta', text: 'y', span: child.span, atMs: 1_005 },
      { type: 'progress', label: 'p', done: 1, span: child.span, atMs: 1_005 },
    ]);
  });

  it('reach the listeners of the run and of all those above, not those beside', () => {
    const heard: string[] = [];
    const on = (name: string) => (event: RunEvent) => heard.push(`${name} ${event.type}`);
    const run = createRun({ on: on('root') });
    const child = run.child('a', { on: on('child') });
    run.with({ on: on('beside') });
    child.emit({ type: 'warning', message: 'w' });
    expect(heard).toEqual(['child warning', 'root warning']);
  });

  it('are known to be heard or not', () => {
    const run = createRun();
    expect(run.isWatched).toBe(false);
    expect(run.with({ on: () => undefined }).child('a').isWatched).toBe(true);
    expect(() => run.emit({ type: 'warning', message: 'nobody' })).not.toThrow();
  });

  it('no longer show text after an abort, while other events still come through', () => {
    const { run, events, abort } = testRun();
    abort('gone');
    run.emit({ type: 'text-delta', text: 'late' });
    run.emit({ type: 'reasoning-delta', text: 'late' });
    run.emit({ type: 'tool-call-delta', id: '1', name: 'f', text: '{' });
    run.emit({ type: 'retract', reason: 'r' });
    expect(events.map(({ type }) => type)).toEqual(['retract']);
  });

  it('survive a listener that throws or rejects: others hear them and one warning is given', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const heard: string[] = [];
    const run = createRun({ on: (event) => heard.push(event.type) });
    const broken = run.with({
      on: () => {
        throw new Error('sync');
      },
    });
    const rejecting = broken.with({ on: () => Promise.reject(new Error('async')) });
    rejecting.emit({ type: 'warning', message: 'one' });
    rejecting.emit({ type: 'warning', message: 'two' });
    await new Promise(setImmediate);
    expect(heard).toEqual(['warning', 'warning']);
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      expect.stringContaining('sync'),
      expect.stringContaining('async'),
    ]);
    warn.mockRestore();
  });
});

describe('values', () => {
  const tenant = runKey<string>('tenant');
  const other = runKey<string>('tenant');

  it('travel down, the nearest wins, and keys of one name are told apart', () => {
    const run = createRun({ values: new Map([[tenant, 'a']]) });
    const inner = run
      .child('x')
      .with({ values: new Map([[tenant, 'b']]) })
      .child('y');
    expect([run.get(tenant), inner.get(tenant), inner.get(other)]).toEqual(['a', 'b', undefined]);
  });
});
