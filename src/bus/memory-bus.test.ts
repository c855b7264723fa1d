import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, yieldToEventLoop } from '../core/index.js';
import { manualClock, testRun } from '../testing/index.js';
import { describeMessageBus } from '../testing/suites/index.js';
import { type Broker, memoryBus, messageBus, resolveLimits } from './index.js';
import { memoryBroker } from './memory-broker.js';

let clock = manualClock();
describeMessageBus('memoryBus', {
  open: async (options) => {
    clock = manualClock({ nowMs: clock.now() + 1_000 });
    return memoryBus({ ...options, clock });
  },
  elapse: (ms) => clock.advance(ms),
});

const draft = (payload: unknown) => ({ type: 'note', payload });
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A broker that answers a turn later, as one on a server does. */
const slowBroker = (): Broker => {
  const inner = memoryBroker(manualClock(), resolveLimits());
  return {
    ...inner,
    send: async (parcel, route) => {
      const outcome = await inner.send(parcel, route);
      await yieldToEventLoop();
      return outcome;
    },
    take: async (seat, max) => {
      const taken = await inner.take(seat, max);
      await yieldToEventLoop();
      return taken;
    },
  };
};

describe('memoryBus', () => {
  it('leaves no timer behind, whatever became of what was timed', async () => {
    const { run, clock: time } = testRun({ isWatched: false });
    const bus = memoryBus({ clock: time });
    const [ann, bob] = [await bus.join('ann'), await bus.join('bob', { capacity: 1, heartbeat: 'manual' })];
    const serving = bob.serve(({ payload }) => payload, { timeoutMs: 1_000 }, run);
    expect(await ann.request('bob', draft(1), run)).toBe(1);
    await failureOf(ann.request('nobody', draft(1), run));
    const idle = await bus.join('idle', { capacity: 1 });
    await ann.send('idle', draft(1));
    const waiting = failureOf(ann.send('idle', draft(2), run));
    await yieldToEventLoop();
    expect(time.pending).toBe(2);
    await idle.leave();
    expect(await waiting).toMatchObject({ code: 'not-found' });
    await bob.leave();
    await serving;
    expect(time.pending).toBe(0);
  });

  it('ends the work on a request that is given up at any moment', async () => {
    await using bus = memoryBus();
    const [ann, bob] = [await bus.join('ann'), await bus.join('bob')];
    let begun = 0;
    let ended = 0;
    void bob.serve(
      (_, run) =>
        new Promise((_resolve, reject) => {
          begun++;
          run.onAbort(() => {
            ended++;
            reject(run.signal.reason);
          });
        }),
    );
    for (let turns = 0; turns < 40; turns++) {
      const control = new AbortController();
      const asked = failureOf(ann.request('bob', draft(turns), createRun({ signal: control.signal })));
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      control.abort('enough');
      expect(await asked).toBe('enough');
      await yieldToEventLoop();
      expect([(await bus.metrics()).depth, begun - ended]).toEqual([0, 0]);
    }
    expect(begun).toBeGreaterThan(0);
    expect(begun).toBeLessThan(40);
  });

  it('keeps the order of those who wait for room, also when several places become free at once', async () => {
    await using bus = memoryBus();
    const [ann, bob] = [await bus.join('ann'), await bus.join('bob', { capacity: 2 })];
    const sends = [0, 1, 2, 3].map((n) => ann.send('bob', draft(n)));
    await yieldToEventLoop();
    const reader = [bob.receive(), bob.receive()].map((mail) => mail.next());
    const taken = await Promise.all(reader);
    const settled = taken.map(({ value }) => value?.ack());
    sends.push(ann.send('bob', draft(4)), ann.send('bob', draft(5)));
    const seen: unknown[] = [];
    for await (const { message } of bob.receive()) if (seen.push(message.payload) === 4) break;
    await Promise.all([...sends, ...settled]);
    expect(seen).toEqual([2, 3, 4, 5]);
  });

  it('Q27 lets a bounded number of sends wait for one mailbox', async () => {
    await using bus = memoryBus();
    const ann = await bus.join('ann');
    await bus.join('bob', { capacity: 1 });
    await ann.send('bob', draft(0));
    const outcomes = Array.from({ length: 1_001 }, () => failureOf(ann.send('bob', draft(1))));
    expect(await Promise.race(outcomes)).toMatchObject({
      code: 'queue-full',
      message: expect.stringContaining('1000'),
    });
  });

  it('checks payloads by the schemas of their types, and knows no others', async () => {
    const schemas = { count: z.number('no number'), name: z.object({ first: z.string() }) };
    await using bus = memoryBus({ schemas });
    const [ann, bob] = [await bus.join('ann'), await bus.join('bob')];
    const wrong = ann.send('bob', { type: 'count', payload: 'x' as unknown as number });
    expect(await failureOf(wrong)).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('no number'),
    });
    for (const type of ['other', 'constructor', '__proto__']) {
      const unknown = ann.send('bob', { type: type as 'count', payload: 1 });
      expect(await failureOf(unknown), type).toMatchObject({ code: 'bad-input' });
    }
    void bob.serve((message) => (message.type === 'count' ? message.payload + 1 : message.payload.first));
    expect(await ann.request('bob', { type: 'count', payload: 1, replySchema: schemas.count })).toBe(2);
    void (await bus.join('cy')).serve(() => 'text');
    expect(await failureOf(ann.request('cy', { type: 'count', payload: 1, replySchema: schemas.count }))).toMatchObject(
      {
        code: 'output-invalid',
      },
    );
  });

  it('gives up the lease of a member that settles nothing, not of one that does', async () => {
    const time = manualClock();
    await using bus = memoryBus({ clock: time });
    const [ann, bob] = [await bus.join('ann'), await bus.join('bob', { heartbeat: 'manual', leaseMs: 100 })];
    const serving = bob.serve(() => 1);
    for (let n = 0; n < 5; n++) {
      await time.advance(80);
      expect(await ann.request('bob', draft(n))).toBe(1);
    }
    await time.advance(100);
    expect(await failureOf(ann.send('bob', draft(0)))).toMatchObject({ code: 'not-found' });
    await bob.leave();
    await serving;
  });
});

describe('messageBus over a broker that answers late', () => {
  it('notices room that came while it learnt that there was none', async () => {
    await using bus = messageBus(slowBroker());
    const [ann, bob] = [await bus.join('ann'), await bus.join('bob', { capacity: 1 })];
    await ann.send('bob', draft(0));
    const { value } = await bob.receive().next();
    const sent = ann.send('bob', draft(1));
    await Promise.resolve();
    await value?.ack();
    expect(await sent).toMatchObject({ receivers: 1 });
  });

  it('gives back what comes for a reader that has gone', async () => {
    await using bus = messageBus(slowBroker());
    const [ann, bob] = [await bus.join('ann'), await bus.join('bob')];
    await ann.send('bob', draft(0));
    const control = new AbortController();
    const reading = failureOf(bob.receive(createRun({ signal: control.signal })).next());
    await Promise.resolve();
    control.abort('enough');
    expect(await reading).toBe('enough');
    const { value } = await bob.receive().next();
    expect([value?.message.payload, value?.attempt]).toEqual([0, 1]);
  });
});
