import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRun, type Run, type ToolCallPart } from '../core/index.js';
import { type Approval, approvalsKey, type Policy, type PolicyContext, policy, tool, toolbox } from './index.js';

const ran: unknown[] = [];
const remove = tool({
  name: 'delete_file',
  description: 'Deletes a file.',
  input: z.object({ path: z.string(), times: z.number().optional() }),
  run: (input) => {
    ran.push(input);
    return 'gone';
  },
});
const look = tool({ name: 'look', description: '', input: z.object({}), isReadOnly: true, run: () => 'seen' });
const send = tool({
  name: 'send',
  description: '',
  input: z.object({}),
  isReadOnly: true,
  isOutward: true,
  run: () => 'ok',
});
const clean: PolicyContext = { taint: [] };
const call = (input: unknown, id = '1'): ToolCallPart => ({ type: 'tool-call', id, name: 'delete_file', input });

describe('policy', () => {
  it.each([
    ['allow', [{ verdict: 'allow' }]],
    ['ask', []],
    ['deny', [{ verdict: 'allow' }, { tool: 'delete_*', verdict: 'deny' }]],
    ['ask', [{ tool: 'delete_*', verdict: 'ask' }, { verdict: 'allow' }]],
    ['ask', [{ tool: 'delete', verdict: 'deny' }]],
    ['deny', [{ tool: '*_file', when: ({ path }) => path === '/etc/passwd', verdict: 'deny' }]],
    ['ask', [{ when: ({ path }) => path === '/tmp', verdict: 'deny' }]],
    ['deny', [{ when: ({ path }) => (path as { no: { way: string } }).no.way === '', verdict: 'deny' }]],
    ['ask', [{ tool: 'delete.file', verdict: 'deny' }]],
  ] satisfies readonly (readonly [string, Parameters<typeof policy>[0]])[])('says %s for %j', (verdict, rules) => {
    expect(policy(rules)(remove, { path: '/etc/passwd' }, clean).verdict).toBe(verdict);
  });

  it('lets tools that only read pass, where no rule is about them', () => {
    expect(policy([])(look, {}, clean).verdict).toBe('allow');
    expect(policy([], { otherwise: 'deny' })(look, {}, clean).verdict).toBe('deny');
  });

  it.each([
    ['ask', remove, { otherwise: 'allow' }],
    ['deny', remove, { otherwise: 'allow', whenTainted: 'deny' }],
    ['deny', remove, { otherwise: 'deny', whenTainted: 'allow' }],
    ['allow', look, {}],
    ['ask', send, {}],
  ] as const)('once untrusted text was read it says %s to %o with %j', (verdict, asked, options) => {
    const decision = policy([], options)(asked, {}, { taint: ['http_request'] });
    expect(decision.verdict).toBe(verdict);
  });

  it('has rules for calls after untrusted text alone', () => {
    const rules = policy([{ tool: 'send', isForTainted: true, verdict: 'deny' }]);
    expect(rules(send, {}, clean).verdict).toBe('allow');
    expect(rules(send, {}, { taint: ['sources'] }).verdict).toBe('deny');
  });

  it('refuses a verdict that there is not', () => {
    expect(() => policy([{ verdict: 'maybe' as never }])).toThrow('must be allow, ask or deny, got `maybe`');
  });
});

describe('a toolbox with a policy', () => {
  const asking: Policy = policy([{ tool: 'delete_file', verdict: 'ask', reason: 'It cannot be undone.' }]);
  const box = toolbox([remove], { policy: asking });
  const withApprovals = (...approvals: readonly Approval[]): Run =>
    createRun({ values: new Map([[approvalsKey, approvals]]) });
  const requestFor = async (input: unknown, id = '1') => {
    const request = await box.approvalFor(call(input, id));
    if (request === undefined) throw new Error('Nothing waits.');
    return request;
  };

  it('runs nothing that nobody approved of, and says so to the model', async () => {
    ran.length = 0;
    const [result] = await box([call({ path: 'a' })]);
    expect(result).toMatchObject({
      isError: true,
      output: expect.stringContaining('a person must approve of it first'),
    });
    const [denied] = await toolbox([remove], { policy: () => ({ verdict: 'deny', reason: 'Never.' }) })([
      call({ path: 'a' }),
    ]);
    expect(denied?.output).toContain('that is not allowed. Never.');
    expect(ran).toEqual([]);
  });

  it('Q24 binds an approval to the exact arguments, in whatever order they stand', async () => {
    ran.length = 0;
    const { digest, ...request } = await requestFor({ path: 'a', times: 1 });
    expect(request).toEqual({
      callId: '1',
      tool: 'delete_file',
      input: { path: 'a', times: 1 },
      reason: 'It cannot be undone.',
      taint: [],
    });
    const run = withApprovals({ digest, isApproved: true });
    for (const other of [{ path: 'b', times: 1 }, { path: 'a' }, { path: 'a', times: 2 }]) {
      expect((await box([call(other)], run))[0]?.isError).toBe(true);
    }
    expect((await box([call({ path: 'a', times: 1 }, '2')], run))[0]?.isError).toBe(true);
    expect(ran).toEqual([]);
    expect((await box([call({ times: 1, path: 'a' })], run))[0]?.output).toBe('gone');
    expect(await box.approvalFor(call({ path: 'a', times: 1 }), run)).toBeUndefined();
  });

  it('shows and binds the arguments that it will run with, not those that the model wrote', async () => {
    ran.length = 0;
    const written = '{"path": "a", "times": "3",}';
    const { digest, input } = await requestFor(written);
    expect(input).toEqual({ path: 'a', times: 3 });
    await box([call(written)], withApprovals({ digest, isApproved: true }));
    expect(ran).toEqual([{ path: 'a', times: 3 }]);
  });

  it('tells the model what a person who refused said', async () => {
    const { digest } = await requestFor({ path: 'a' });
    const [result] = await box([call({ path: 'a' })], withApprovals({ digest, isApproved: false, note: 'Keep it.' }));
    expect(result).toMatchObject({ isError: true, output: expect.stringContaining('refused it. Keep it.') });
  });

  it('asks nobody about a call that fails anyway', async () => {
    expect(await box.approvalFor({ type: 'tool-call', id: '1', name: 'none', input: {} })).toBeUndefined();
    expect(await box.approvalFor(call('{"path'))).toBeUndefined();
  });
});
