import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Member, MemberChange, MessageBus } from '../../bus/index.js';
import { createRun } from '../../core/index.js';
import { deaf, draft, eventually, failureOf, first, type MessageBusSuite, take } from './message-bus-tools.js';

/** Requests, and what becomes of them and of their members. */
export const describeRequests = (name: string, suite: MessageBusSuite): void => {
  describe(`${name} as a bus of requests`, () => {
    let bus: MessageBus;
    let ann: Member;
    let bob: Member;
    beforeEach(async () => {
      bus = await suite.open();
      ann = await bus.join('ann');
      bob = await bus.join('bob');
    });
    afterEach(() => bus.close());

    it('answers a request with what the handler returns', async () => {
      void bob.serve(({ payload, kind }) => ({ kind, double: Number(payload) * 2 }), { concurrency: 2 });
      const answers = await Promise.all([1, 2, 3].map((n) => ann.request('bob', draft(n))));
      expect(answers).toEqual([2, 4, 6].map((double) => ({ kind: 'request', double })));
      expect(await bus.metrics()).toMatchObject({ sent: 3, delivered: 3, acknowledged: 3, depth: 0 });
    });

    it('fails a request at once, with a typed error, when nobody of the name is there', async () => {
      expect(await failureOf(ann.request('nobody', draft(1)))).toMatchObject({
        code: 'not-found',
        message: expect.stringContaining('`nobody`'),
      });
      expect(await failureOf(ann.send('nobody', draft(1)))).toMatchObject({ code: 'not-found' });
    });

    it('Q30 fails a request whose handler failed, without its secrets, and does not try it again', async () => {
      let calls = 0;
      void bob.serve(() => {
        calls++;
        throw new Error('wrong key sk-abcdefghijklmnopqrstu');
      });
      const error = await failureOf(ann.request('bob', { ...draft(1), threadId: 't' }));
      expect(error).toMatchObject({
        code: 'member-failed',
        retryable: false,
        message: expect.stringContaining('wrong key [secret]'),
      });
      expect((await bus.history('t')).items[1]).toMatchObject({ kind: 'response', error: 'wrong key [secret]' });
      expect(calls).toBe(1);
      expect((await bus.deadLetters()).items).toEqual([]);
    });

    it('fails a request that is acknowledged without an answer', async () => {
      const asked = failureOf(ann.request('bob', draft(1)));
      await (await first(bob)).ack();
      expect(await asked).toMatchObject({ code: 'member-failed', message: expect.stringContaining('did not answer') });
    });

    it('Q05 fails a request at its deadline, and aborts the work on it', async () => {
      const seen: unknown[] = [];
      void bob.serve((_, run) => deaf(run, seen));
      const asked = failureOf(ann.request('bob', { ...draft(1), timeoutMs: 300 }));
      await eventually(() => expect(seen).toEqual(['begin']));
      await suite.elapse(300);
      expect(await asked).toMatchObject({
        code: 'timeout',
        retryable: true,
        message: expect.stringContaining('`bob`'),
      });
      await eventually(() => expect(seen).toEqual(['begin', expect.objectContaining({ code: 'timeout' })]));
    });

    it('takes a request back whose requester gave up, before and while it is worked on', async () => {
      const control = new AbortController();
      const run = createRun({ signal: control.signal });
      const seen: unknown[] = [];
      const asked = [1, 2].map((n) => failureOf(ann.request('bob', draft(n), run)));
      await eventually(async () => expect((await bus.metrics()).depth).toBe(2));
      void bob.serve((_, inner) => deaf(inner, seen));
      await eventually(() => expect(seen).toEqual(['begin']));
      control.abort('enough');
      expect(await Promise.all(asked)).toEqual(['enough', 'enough']);
      await eventually(async () => expect((await bus.metrics()).depth).toBe(0));
      expect(seen).toHaveLength(2);
      expect((await bus.metrics()).delivered).toBe(1);
      expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
    });

    it('takes a request again under the id of one that was given up, and waits for the first where it was not', async () => {
      const control = new AbortController();
      const message = { ...draft('again'), id: 'r1' };
      const asked = failureOf(ann.request('bob', message, createRun({ signal: control.signal })));
      expect(await failureOf(ann.request('bob', message))).toMatchObject({ code: 'duplicate-id' });
      await eventually(async () => expect((await bus.metrics()).sent).toBe(1));
      control.abort('enough');
      expect(await asked).toBe('enough');
      await eventually(async () => expect((await bus.metrics()).depth).toBe(0));
      void bob.serve(({ payload }) => payload);
      expect(await ann.request('bob', message)).toBe('again');
    });

    it('fails requests to a member that leaves, at once, and tells of it', async () => {
      const changes: MemberChange[] = [];
      const forget = bus.onMember((change) => change.type === 'member-left' && changes.push(change));
      const seen: unknown[] = [];
      const serving = bob.serve((_, run) => deaf(run, seen));
      const asked = [1, 2].map((n) => failureOf(ann.request('bob', draft(n))));
      await eventually(() => expect(seen).toEqual(['begin']));
      await bob.leave();
      await serving;
      for (const error of await Promise.all(asked))
        expect(error).toMatchObject({ code: 'member-left', retryable: true });
      expect(seen).toEqual(['begin', expect.objectContaining({ code: 'member-left' })]);
      await eventually(() => expect(changes).toEqual([{ type: 'member-left', name: 'bob', reason: 'left' }]));
      forget();
      await bus.join('cy');
      expect((await bus.members()).map((member) => member.name)).toEqual(['ann', 'cy']);
      expect(changes).toHaveLength(1);
    });

    it('sees that a member gives no sign of life, fails requests to it, and takes it back', async () => {
      const changes: MemberChange[] = [];
      bus.onMember((change) => change.type === 'member-left' && changes.push(change));
      const cy = await bus.join('cy', { heartbeat: 'manual', leaseMs: 400 });
      await suite.elapse(250);
      await cy.heartbeat();
      await suite.elapse(250);
      expect((await bus.members()).map((member) => member.name)).toContain('cy');
      const asked = failureOf(ann.request('cy', draft(1)));
      await eventually(async () => expect((await bus.members()).at(-1)).toMatchObject({ name: 'cy', depth: 1 }));
      await suite.elapse(400);
      expect(await asked).toMatchObject({ code: 'member-left' });
      expect(changes.at(-1)).toEqual({ type: 'member-left', name: 'cy', reason: 'died' });
      expect((await bus.members()).map((member) => member.name)).not.toContain('cy');
      await cy.heartbeat();
      expect((await bus.members()).map((member) => member.name)).toContain('cy');
    });

    it('Q10 settles all that a member waits for when it leaves', async () => {
      const full = await bus.join('full', { capacity: 1 });
      await ann.send('full', draft(0));
      const waits = [
        failureOf(ann.request('bob', draft(1))),
        failureOf(ann.send('full', draft(2))),
        failureOf(ann.serve(() => 1)),
        failureOf(
          ann
            .receive()
            .next()
            .then(({ done }) => expect(done).toBe(true)),
        ),
      ];
      await eventually(async () => expect((await bus.metrics()).sent).toBe(2));
      await ann.leave();
      const [request, send, serve, receive] = await Promise.all(waits);
      expect([request, send]).toMatchObject([{ code: 'member-left' }, { code: 'member-left' }]);
      expect([serve, receive]).toEqual([undefined, undefined]);
      expect(await failureOf(ann.send('bob', draft(1)))).toMatchObject({ code: 'member-left' });
      await ann.leave();
      await full.leave();
    });

    it('lets those of one name share its mail, each message going to one of them', async () => {
      const second = await bus.join('bob');
      const seen: string[] = [];
      void bob.serve(({ payload }) => void seen.push(`one ${payload}`));
      void second.serve(({ payload }) => void seen.push(`two ${payload}`));
      for (let n = 0; n < 20; n++) await ann.send('bob', draft(n));
      await eventually(() => expect(seen).toHaveLength(20));
      expect(new Set(seen.map((line) => line.split(' ')[1])).size).toBe(20);
      expect((await bus.members()).find((member) => member.name === 'bob')).toMatchObject({ instances: 2 });
    });

    it('hands what one of a name had taken to another one when it leaves', async () => {
      const second = await bus.join('bob');
      const asked = ann.request('bob', draft(1));
      expect(await first(bob)).toMatchObject({ attempt: 1 });
      const serving = second.serve(() => 'second');
      await bob.leave();
      expect(await asked).toBe('second');
      await second.leave();
      await serving;
    });

    it('Q01 stops serving, receiving and being there when the run is aborted, and leaves no listener', async () => {
      const control = new AbortController();
      const run = createRun({ signal: control.signal });
      const cy = await bus.join('cy', {}, run);
      const seen: unknown[] = [];
      const serving = failureOf(bob.serve((_, inner) => deaf(inner, seen), { concurrency: 3 }, run));
      const reading = failureOf(ann.receive(run).next());
      for (let n = 0; n < 100; n++) await ann.send('bob', draft(n), run);
      await eventually(() => expect(seen).toHaveLength(3));
      control.abort('enough');
      expect([await serving, await reading]).toEqual(['enough', 'enough']);
      expect(seen).toEqual(['begin', 'begin', 'begin', 'enough', 'enough', 'enough']);
      await eventually(async () => expect((await bus.members()).map((member) => member.name)).toEqual(['ann', 'bob']));
      await cy.leave();
      expect(getEventListeners(control.signal, 'abort')).toHaveLength(0);
      // What was worked on is there again, in its place.
      const again = await first(bob);
      expect(again.attempt).toBe(1);
      await again.release();
      expect(await take(bob, 4)).toEqual([0, 1, 2, 3]);
      expect(await failureOf(ann.send('bob', draft(0), run))).toBe('enough');
    });

    it('aborts a handler that takes too long, also a deaf one', async () => {
      const cy = await bus.join('cy', { maxAttempts: 1 });
      void cy.serve(() => new Promise(() => undefined), { timeoutMs: 100 });
      await ann.send('cy', draft(1));
      await eventually(async () => expect((await bus.metrics()).delivered).toBe(1));
      await suite.elapse(150);
      await eventually(async () => expect((await bus.deadLetters()).items).toMatchObject([{ reason: 'failed' }]));
    });

    it('ends with everybody in it', async () => {
      const asked = failureOf(ann.request('bob', draft(1)));
      const serving = ann.serve(() => 1);
      await eventually(async () => expect((await bus.metrics()).depth).toBe(1));
      await bus.close();
      await bus.close();
      expect(await asked).toMatchObject({ code: 'member-left' });
      await serving;
      for (const work of [bus.join('x'), bus.members(), bus.metrics(), bus.deadLetters(), bus.history('t')]) {
        expect(await failureOf(work)).toMatchObject({ code: 'bus-closed' });
      }
    });
  });
};
