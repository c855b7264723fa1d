import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Member, MessageBus } from '../../bus/index.js';
import { createRun } from '../../core/index.js';
import { draft, eventually, failureOf, first, type MessageBusSuite, take } from './message-bus-tools.js';

/** Mailboxes, and what becomes of what is in them. */
export const describeMail = (name: string, suite: MessageBusSuite): void => {
  describe(`${name} as a bus of mail`, () => {
    let bus: MessageBus;
    let ann: Member;
    let bob: Member;
    beforeEach(async () => {
      bus = await suite.open();
      ann = await bus.join('ann');
      bob = await bus.join('bob');
    });
    afterEach(() => bus.close());

    it('delivers to one member, to the subscribers of a topic, and to everybody else', async () => {
      const cy = await bus.join('cy', { topics: ['news'] });
      expect(await ann.send('bob', draft(1))).toMatchObject({ receivers: 1 });
      expect(await ann.publish('news', draft(2))).toMatchObject({ receivers: 1 });
      expect(await ann.publish('weather', draft(3))).toMatchObject({ receivers: 0 });
      expect(await ann.broadcast(draft(4))).toMatchObject({ receivers: 2 });
      expect(await cy.publish('news', draft(5))).toMatchObject({ receivers: 0 });
      expect(await take(bob, 2)).toEqual([1, 4]);
      expect(await take(cy, 2)).toEqual([2, 4]);
      expect((await bus.metrics()).depth).toBe(0);
    });

    it('tells of a message who sent it, where, when and how', async () => {
      const { id } = await ann.send('bob', { ...draft('x'), id: 'm1', priority: 'high', threadId: 't', ttlMs: 60_000 });
      const { message, attempt } = await first(bob);
      expect(message).toMatchObject({
        id,
        kind: 'event',
        type: 'note',
        from: 'ann',
        to: 'bob',
        priority: 'high',
        threadId: 't',
      });
      expect([id, attempt]).toEqual(['m1', 1]);
      expect((message.expiresMs ?? 0) - message.sentMs).toBe(60_000);
      await ann.broadcast(draft('all'));
      await ann.publish('news', draft('nobody'));
      expect((await first(bob)).message).not.toHaveProperty('to');
    });

    it('hands out urgent messages first, and those of one priority in the order of sending', async () => {
      for (const [index, priority] of (['low', 'normal', 'high', 'low', 'normal', 'high'] as const).entries()) {
        await ann.send('bob', { ...draft(index), priority });
      }
      expect(await take(bob, 6)).toEqual([2, 5, 1, 4, 0, 3]);
    });

    it('Q24 carries plain data only, and each receiver has a copy of its own', async () => {
      const payload = JSON.parse('{"__proto__": {"isAdmin": true}, "list": [1], "constructor": "c"}');
      const cy = await bus.join('cy');
      await ann.broadcast(draft({ payload, bytes: new Uint8Array([1, 2]) }));
      payload.list.push(2);
      const got = (await first(bob)).message.payload as { payload: Record<string, unknown>; bytes: Uint8Array };
      expect(Object.keys(got.payload).sort()).toEqual(['__proto__', 'constructor', 'list']);
      expect((got as unknown as { isAdmin?: boolean }).isAdmin).toBeUndefined();
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
      expect(got.bytes).toEqual(new Uint8Array([1, 2]));
      (got.payload.list as number[]).push(3);
      expect((await first(cy)).message.payload).toMatchObject({ payload: { list: [1] } });
      for (const bad of [() => 1, new (class Secret {})(), 'x'.repeat(2_000_000)]) {
        expect(await failureOf(ann.send('bob', draft(bad)))).toMatchObject({ code: 'bad-input' });
      }
    });

    it('tries an event again that failed, and buries it after its attempts', async () => {
      const cy = await bus.join('cy', { maxAttempts: 2 });
      const attempts: unknown[] = [];
      void cy.serve(({ payload }) => {
        attempts.push(payload);
        if (payload === 'bad') throw new Error('no good');
      });
      await ann.send('cy', draft('bad'));
      await ann.send('cy', draft('fine'));
      await eventually(() => expect(attempts).toHaveLength(3));
      expect(attempts.toSorted()).toEqual(['bad', 'bad', 'fine']);
      await eventually(async () =>
        expect((await bus.deadLetters()).items).toMatchObject([
          { reason: 'failed', member: 'cy', error: 'no good', message: { payload: 'bad', from: 'ann' } },
        ]),
      );
      expect(await bus.metrics()).toMatchObject({ failed: 1, redelivered: 1, acknowledged: 1, depth: 0 });
    });

    it('releases what a reader leaves unsettled, in its place and without counting', async () => {
      await ann.send('bob', draft(1));
      await ann.send('bob', draft(2));
      for await (const { message } of bob.receive()) {
        expect(message.payload).toBe(1);
        break;
      }
      const again = await first(bob);
      expect([again.message.payload, again.attempt]).toEqual([1, 1]);
      await again.release();
      // Asking for the next one acknowledges the one before.
      const seen: unknown[] = [];
      for await (const { message } of bob.receive()) {
        seen.push(message.payload);
        if (seen.length === 2) break;
      }
      expect(seen).toEqual([1, 2]);
      expect((await first(bob)).message.payload).toBe(2);
    });

    it('buries what nobody took in time, and lets it take no place', async () => {
      const cy = await bus.join('cy', { capacity: 1, onFull: 'refuse' });
      await ann.send('cy', { ...draft('old'), ttlMs: 200 });
      expect(await failureOf(ann.send('cy', draft('new')))).toMatchObject({ code: 'queue-full', retryable: true });
      await suite.elapse(250);
      await ann.send('cy', draft('new'));
      expect((await bus.deadLetters()).items).toMatchObject([
        { reason: 'expired', member: 'cy', message: { payload: 'old' } },
      ]);
      expect(await take(cy, 1)).toEqual(['new']);
      await ann.send('bob', { ...draft('late'), ttlMs: 100 });
      await suite.elapse(150);
      await ann.send('bob', draft('in time'));
      expect(await take(bob, 1)).toEqual(['in time']);
      expect(await bus.metrics()).toMatchObject({ expired: 2, refused: 1, depth: 0 });
    });

    it('buries what was put back and then not taken in time', async () => {
      await ann.send('bob', { ...draft('old'), ttlMs: 200 });
      await (await first(bob)).release();
      await suite.elapse(250);
      expect((await bus.deadLetters()).items).toMatchObject([{ reason: 'expired', message: { payload: 'old' } }]);
      expect((await bus.metrics()).depth).toBe(0);
    });

    it('Q27 lets senders wait for a slow reader, so that its mailbox never grows beyond its places', async () => {
      const cy = await bus.join('cy', { capacity: 3 });
      const sent: number[] = [];
      const sending = Promise.all(
        Array.from({ length: 12 }, async (_, n) => {
          await ann.send('cy', draft(n));
          sent.push(n);
        }),
      );
      await eventually(() => expect(sent).toEqual([0, 1, 2]));
      const got: unknown[] = [];
      for await (const { message } of cy.receive()) {
        expect((await bus.metrics()).depth).toBeLessThanOrEqual(3);
        got.push(message.payload);
        if (got.length === 12) break;
      }
      await sending;
      expect(got).toEqual(Array.from({ length: 12 }, (_, n) => n));
    });

    it('gives up waiting for room after a while, and when the run is aborted', async () => {
      await bus.join('cy', { capacity: 1 });
      await ann.send('cy', draft(0));
      const control = new AbortController();
      const slow = failureOf(ann.send('cy', { ...draft(1), timeoutMs: 200 }));
      const aborted = failureOf(ann.send('cy', draft(2), createRun({ signal: control.signal })));
      const published = failureOf(ann.broadcast({ ...draft(3), timeoutMs: 200 }));
      await eventually(async () => expect((await bus.metrics()).sent).toBe(2));
      control.abort('enough');
      expect(await aborted).toBe('enough');
      await suite.elapse(200);
      expect(await slow).toMatchObject({ code: 'queue-full', retryable: true });
      expect(await published).toMatchObject({ code: 'queue-full', message: expect.stringContaining('`cy`') });
      expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
      expect(await take(bob, 1)).toEqual([3]);
    });

    it('drops the oldest of the least urgent messages where a mailbox asks for that', async () => {
      const cy = await bus.join('cy', { capacity: 2, onFull: 'drop-oldest' });
      await ann.send('cy', { ...draft('high'), priority: 'high' });
      for (const n of [1, 2]) await ann.send('cy', draft(n));
      expect(await ann.send('cy', { ...draft('low'), priority: 'low' })).toMatchObject({ receivers: 0 });
      expect(await bus.metrics()).toMatchObject({ dropped: 2, depth: 2 });
      expect((await bus.deadLetters()).items.map(({ reason, message }) => [reason, message.payload])).toEqual([
        ['dropped', 1],
        ['dropped', 'low'],
      ]);
      expect(await take(cy, 2)).toEqual(['high', 2]);
    });

    it('delivers a message once that is sent again under its id, also after it was done', async () => {
      const message = { ...draft('once'), id: 'm1' };
      expect(await ann.send('bob', message)).toEqual({ id: 'm1', receivers: 1 });
      expect(await ann.send('bob', message)).toEqual({ id: 'm1', receivers: 0 });
      expect(await take(bob, 1)).toEqual(['once']);
      expect(await ann.send('bob', message)).toMatchObject({ receivers: 0 });
      expect(await bus.metrics()).toMatchObject({ sent: 1, duplicates: 2, depth: 0 });
    });

    it('forgets ids after their window', async () => {
      await using short = await suite.open({ limits: { dedupeMs: 100 } });
      const [from, to] = [await short.join('from'), await short.join('to')];
      await from.send('to', { ...draft(1), id: 'm1' });
      await suite.elapse(150);
      expect(await from.send('to', { ...draft(2), id: 'm1' })).toMatchObject({ receivers: 1 });
      expect(await take(to, 2)).toEqual([1, 2]);
    });

    it('Q27 keeps bounded histories of conversations, and of a bounded number of them', async () => {
      await using small = await suite.open({ limits: { maxThreads: 2, maxThreadMessages: 5, maxDeadLetters: 2 } });
      const [from, to] = [await small.join('from'), await small.join('to')];
      void to.serve(({ payload }) => `re ${payload}`);
      await from.request('to', { ...draft('q'), threadId: 'a' });
      for (let n = 0; n < 8; n++) await from.send('to', { ...draft(n), threadId: 'a' });
      await from.send('to', draft('no thread'));
      const page = await small.history('a', { limit: 3 });
      expect(page.items.map(({ payload }) => payload)).toEqual([3, 4, 5]);
      const rest = await small.history('a', { limit: 3, ...(page.next !== undefined && { after: page.next }) });
      expect(rest).toEqual({
        items: [expect.objectContaining({ payload: 6 }), expect.objectContaining({ payload: 7 })],
      });
      for (const threadId of ['b', 'c']) await from.request('to', { ...draft(threadId), threadId });
      expect((await small.history('a')).items).toEqual([]);
      expect((await small.history('c')).items).toMatchObject([
        { kind: 'request', payload: 'c' },
        { kind: 'response', payload: 're c', from: 'to', to: 'from' },
      ]);
      expect(await failureOf(small.history('a', { after: 'x' }))).toMatchObject({ code: 'bad-input' });
      const dead = await small.join('dead');
      for (const n of [1, 2, 3]) await from.send('dead', draft(n));
      await dead.leave();
      expect((await small.deadLetters()).items.map(({ message }) => message.payload)).toEqual([2, 3]);
    });

    it('makes dead letters of the mail of a member that left', async () => {
      await ann.send('bob', draft(1));
      await bob.leave();
      expect((await bus.deadLetters()).items).toMatchObject([
        { reason: 'member-left', member: 'bob', message: { payload: 1 } },
      ]);
      expect(await bus.metrics()).toMatchObject({ undeliverable: 1, depth: 0 });
      const again = await bus.join('bob');
      await ann.send('bob', draft(2));
      expect(await take(again, 1)).toEqual([2]);
    });

    it('refuses what it cannot take, in words', async () => {
      const bad = { code: 'bad-input' };
      expect(await failureOf(bus.join(''))).toMatchObject(bad);
      expect(await failureOf(bus.join('a\nb'))).toMatchObject(bad);
      expect(await failureOf(bus.join('x', { capacity: 0 }))).toMatchObject({ code: 'bad-option' });
      expect(await failureOf(bus.join('x', { onFull: 'explode' as 'wait' }))).toMatchObject({ code: 'bad-option' });
      expect(await failureOf(ann.send('bob', { ...draft(1), priority: 'urgent' as 'high' }))).toMatchObject(bad);
      expect(await failureOf(ann.send('bob', { ...draft(1), ttlMs: 0 }))).toMatchObject(bad);
      expect(await failureOf(ann.send('bob', { ...draft(1), timeoutMs: Number.NaN }))).toMatchObject(bad);
      expect(await failureOf(bob.serve(() => 1, { concurrency: 0 }))).toMatchObject({ code: 'bad-option' });
    });
  });
};
