import {
  callStep,
  checkSchema,
  isPipewrightError,
  messageOf,
  PipewrightError,
  type Run,
  scrubFields,
  scrubText,
  type Step,
  type StepLike,
  toJson,
  type ToolCallPart,
  type ToolResultPart,
} from '../core/index.js';
import { parseJson } from '../output/index.js';
import { timeout } from '../resilience/index.js';
import { type Approval, type ApprovalRequest, approvalsKey, digestOf, calledBy } from './approval.js';
import type { Audit, AuditEntry } from './audit.js';
import type { Policy } from './policy.js';
import { repairInput } from './repair-input.js';
import { taintKey } from './taint.js';
import type { Tool } from './tool.js';
import { failureOf, resultOf } from './tool-result.js';

/** The arguments of a call as they are meant: what the model wrote as text is read. */
const givenTo = (call: ToolCallPart): unknown => {
  if (typeof call.input !== 'string') return call.input ?? {};
  return call.input.trim() === '' ? {} : parseJson(call.input);
};

/** The arguments as they are if they fit, else what is clearly meant by them. */
const fitting = async ({ input, inputSchema }: Tool, given: unknown): Promise<unknown> =>
  (await checkSchema(input, given)).isValid ? given : repairInput(inputSchema, given);

/** A tool with its time limit. */
export interface Held {
  readonly tool: Tool;
  readonly limited: StepLike<unknown, unknown>;
}

export const held = (tool: Tool): Held => {
  // What it is given is checked by the tool itself.
  const step = tool as unknown as Step<unknown, unknown>;
  return { tool, limited: timeout(step, { totalMs: tool.timeoutMs }) };
};

/** What ends the whole run, and is no business of the model. */
const isFatal = (error: unknown): boolean => isPipewrightError(error) && error.code === 'budget-exceeded';

const notFound = (name: string, tools: ReadonlyMap<string, Held>): PipewrightError => {
  const names = [...tools.keys()].map((each) => `\`${each}\``).join(', ');
  return new PipewrightError('not-found', `There is no tool \`${name}\`. There are: ${names === '' ? 'none' : names}.`);
};

/** What a toolbox decides and calls with. */
export interface Box {
  readonly tools: ReadonlyMap<string, Held>;
  readonly policy: Policy;
  readonly audit: Audit | undefined;
}

/** A call with the tool that it is for, and the arguments that it will run with: those that are decided on. */
interface Prepared {
  readonly held: Held;
  readonly call: ToolCallPart;
  readonly input: unknown;
  readonly digest: string;
  readonly taint: readonly string[];
}

const prepare = async ({ tools }: Box, call: ToolCallPart, run: Run): Promise<Prepared> => {
  const owner = tools.get(call.name);
  if (owner === undefined) throw notFound(call.name, tools);
  const input = await fitting(owner.tool, givenTo(call));
  return { held: owner, call, input, digest: digestOf(call, input, run), taint: run.get(taintKey) ?? [] };
};

const note = async (
  { audit }: Box,
  { call, input, digest, taint }: Prepared,
  run: Run,
  what: Pick<AuditEntry, 'event' | 'reason' | 'by'>,
): Promise<void> => {
  if (audit === undefined) return;
  const about = { callId: call.id, tool: call.name, input: scrubFields(JSON.stringify(toJson(input))), digest, taint };
  await audit({ ...about, ...what, atMs: run.clock.now(), runId: run.id }, run);
};

/** What has happened is not undone because nobody could write it down. */
const noteEnd = async (...about: Parameters<typeof note>): Promise<void> => {
  try {
    await note(...about);
  } catch (error) {
    about[2].emit({ type: 'warning', message: `The audit missed the end of a call: ${scrubText(messageOf(error))}` });
  }
};

const approvalIn = (digest: string, run: Run): Approval | undefined =>
  run.get(approvalsKey)?.find((approval) => approval.digest === digest);

interface Ruling {
  readonly event: 'allowed' | 'denied' | 'asked' | 'approved' | 'refused';
  readonly reason: string;
  readonly by?: string;
}

/** What the policy says, and where it asks, what a person decided. */
const rule = ({ policy }: Box, { held, input, digest, taint }: Prepared, run: Run): Ruling => {
  const { verdict, reason } = policy(held.tool, input, { taint });
  if (verdict !== 'ask') return { event: verdict === 'allow' ? 'allowed' : 'denied', reason };
  const approval = approvalIn(digest, run);
  if (approval === undefined) return { event: 'asked', reason };
  const by = approval.by === undefined ? {} : { by: approval.by };
  return { event: approval.isApproved ? 'approved' : 'refused', reason: approval.note ?? '', ...by };
};

const whyNot = {
  denied: 'that is not allowed.',
  asked: 'a person must approve of it first.',
  refused: 'a person refused it.',
} as const;

/** Throws unless the call may run now. */
const checkAllowed = ({ call }: Prepared, { event, reason }: Ruling): void => {
  if (event === 'allowed' || event === 'approved') return;
  throw new PipewrightError('not-allowed', `\`${call.name}\` was not run: ${whyNot[event]} ${reason}`.trim());
};

/** Runs what may run. What it throws is a failure of the tool. */
const runTool = async (prepared: Prepared, run: Run): Promise<ToolResultPart> => {
  const { held, call, input } = prepared;
  return resultOf(call, await callStep(held.limited, input, calledBy(run, call.id), call.name), held.tool);
};

const callPrepared = async (box: Box, prepared: Prepared, run: Run): Promise<ToolResultPart> => {
  const ruling = rule(box, prepared, run);
  await note(box, prepared, run, ruling);
  checkAllowed(prepared, ruling);
  try {
    const result = await runTool(prepared, run);
    await noteEnd(box, prepared, run, { event: 'done', reason: '' });
    return result;
  } catch (error) {
    await noteEnd(box, prepared, run, { event: 'failed', reason: scrubText(messageOf(error)) });
    throw error;
  }
};

/** One result, whatever happens; it rejects when the whole run is over. */
export const callTool = async (box: Box, call: ToolCallPart, run: Run): Promise<ToolResultPart> => {
  try {
    const prepared = await prepare(box, call, run);
    run.throwIfAborted();
    return await callPrepared(box, prepared, run);
  } catch (error) {
    run.throwIfAborted();
    if (isFatal(error)) throw error;
    return failureOf(call, error);
  }
};

/** A call that will fail anyway, because there is no such tool or no way to read its arguments, is nobody's to decide. */
export const approvalFor = async (box: Box, call: ToolCallPart, run: Run): Promise<ApprovalRequest | undefined> => {
  try {
    const prepared = await prepare(box, call, run);
    const { event, reason } = rule(box, prepared, run);
    if (event !== 'asked') return undefined;
    const { input, digest, taint } = prepared;
    await note(box, prepared, run, { event, reason });
    return { callId: call.id, tool: call.name, input: toJson(input), digest, reason, taint };
  } catch (error) {
    if (isPipewrightError(error)) return undefined;
    throw error;
  }
};
