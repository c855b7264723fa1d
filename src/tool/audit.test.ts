import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, type Run, type Store, type ToolCallPart } from '../core/index.js';
import { memoryStore } from '../store/index.js';
import { type Approval, approvalsKey, type AuditEntry, auditLog, policy, taintKey, tool, toolbox } from './index.js';

const ran: string[] = [];
const pay = tool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ eur: z.number(), apiKey: z.string().optional() }),
  run: ({ eur }) => {
    ran.push(`pay ${eur}`);
    if (eur === 13) throw new Error('The bank is closed.');
    return 'paid';
  },
});
const call = (input: unknown, id = '1'): ToolCallPart => ({ type: 'tool-call', id, name: 'pay', input });

const watched = (verdict: 'allow' | 'ask' | 'deny') => {
  const trail: AuditEntry[] = [];
  const box = toolbox([pay], { policy: policy([{ verdict }]), audit: (entry) => void trail.push(entry) });
  return { box, events: () => trail.map(({ event }) => event), trail };
};

const deciding = (approvals: readonly Approval[], taint: readonly string[] = []): Run =>
  createRun({
    values: new Map<object, unknown>([
      [approvalsKey, approvals],
      [taintKey, taint],
    ]),
  });

describe('the audit of a toolbox', () => {
  it.each([
    ['allow', { eur: 1 }, ['allowed', 'done']],
    ['allow', { eur: 13 }, ['allowed', 'failed']],
    ['ask', { eur: 1 }, ['asked']],
    ['deny', { eur: 1 }, ['denied']],
  ] as const)('where the policy says %s to %j it reads %j', async (verdict, input, events) => {
    const watching = watched(verdict);
    await watching.box([call(input)]);
    expect(watching.events()).toEqual(events);
  });

  it('tells who decided, and what from outside the model had read', async () => {
    const { box, trail } = watched('ask');
    const request = await box.approvalFor(call({ eur: 2 }), deciding([], ['http_request']));
    expect(request).toMatchObject({ taint: ['http_request'] });
    const digest = request?.digest ?? '';
    await box([call({ eur: 2 })], deciding([{ digest, isApproved: false, by: 'Ann', note: 'Too much.' }]));
    await box([call({ eur: 2 })], deciding([{ digest, isApproved: true, by: 'Bob' }]));
    expect(trail.map(({ event, by, reason }) => [event, by, reason])).toEqual([
      ['asked', undefined, expect.any(String)],
      ['refused', 'Ann', 'Too much.'],
      ['approved', 'Bob', ''],
      ['done', undefined, ''],
    ]);
    expect(trail[0]?.taint).toEqual(['http_request']);
  });

  it('Q30 hides secrets in arguments', async () => {
    const { box, trail } = watched('allow');
    await box([call({ eur: 1, apiKey: 'sk-proj-abcdefghijklmnop1234' })]);
    expect(JSON.stringify(trail)).not.toContain('abcdefghijklmnop');
    expect(trail[0]?.input).toContain('"eur":1');
  });

  it('lets nothing run that it cannot take down, and loses no result when it misses the end', async () => {
    ran.length = 0;
    const closed = toolbox([pay], { audit: () => Promise.reject(new Error('The disk is full.')) });
    expect(await closed([call({ eur: 1 })])).toMatchObject([{ isError: true, output: 'Error: The disk is full.' }]);
    expect(ran).toEqual([]);
    const warnings: string[] = [];
    const half = toolbox([pay], {
      audit: ({ event }) => (event === 'done' ? Promise.reject(new Error('The disk is full.')) : undefined),
    });
    const run = createRun({ on: (event) => event.type === 'warning' && warnings.push(event.message) });
    expect(await half([call({ eur: 1 })], run)).toMatchObject([{ output: 'paid' }]);
    expect(warnings).toEqual([expect.stringContaining('The disk is full.')]);
  });
});

describe('auditLog', () => {
  const filled = async (count: number, store: Store = memoryStore()) => {
    const trail = auditLog(store);
    const box = toolbox([pay], { audit: trail.audit });
    for (let at = 1; at <= count; at++) await box([call({ eur: at }, String(at))]);
    return { store, trail };
  };

  it('keeps every entry in order, also when several write at once', async () => {
    const store = memoryStore();
    const boxes = [auditLog(store), auditLog(store)].map(({ audit }) => toolbox([pay], { audit }));
    await Promise.all(boxes.flatMap((box) => [1, 2, 3].map((eur) => box([call({ eur })]))));
    const events: string[] = [];
    for await (const { event } of auditLog(store).entries()) events.push(event);
    expect(events.filter((event) => event === 'done')).toHaveLength(6);
    expect(await auditLog(store).check()).toEqual({ isIntact: true, count: 12 });
  });

  it('sees that an entry was changed, taken out or cut off', async () => {
    const { store, trail } = await filled(3);
    const head = await trail.head();
    const key = 'audit/line/000000000002';
    const bytes = (await store.get(key)) ?? new Uint8Array();
    const forged = new TextEncoder().encode(new TextDecoder().decode(bytes).replace('\\"eur\\":2', '\\"eur\\":9'));
    await store.write([{ type: 'put', key, value: forged }]);
    expect(await trail.check()).toMatchObject({ isIntact: false, count: 2 });
    await store.write([{ type: 'delete', key }]);
    expect(await trail.check()).toMatchObject({ isIntact: false, count: 2 });
    await store.write([{ type: 'put', key, value: bytes }]);
    expect(await trail.check(head)).toEqual({ isIntact: true, count: 6 });
    await store.write([{ type: 'delete', key: 'audit/line/000000000005' }]);
    expect(await trail.check(head)).toMatchObject({ isIntact: false, problem: '6 entries were known, 5 are there.' });
  });

  it('knows that it grew since a head was kept', async () => {
    const { store, trail } = await filled(2);
    const head = await trail.head();
    await filled(1, store);
    expect(await trail.check(head)).toEqual({ isIntact: true, count: 6 });
    expect(await trail.check({ ...head, hash: 'other' })).toMatchObject({ isIntact: false });
  });
});
