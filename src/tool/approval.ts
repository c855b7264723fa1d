import { createHash } from 'node:crypto';
import { type Run, type RunKey, runKey, toJson, type ToolCallPart } from '../core/index.js';

/** A call that waits for a person: plain data, to be shown, kept and decided on anywhere. */
export interface ApprovalRequest {
  readonly callId: string;
  readonly tool: string;
  /** The arguments that it will run with: those that the model wrote, mended. */
  readonly input: unknown;
  /** Stands for exactly this call with exactly these arguments: a decision repeats it. */
  readonly digest: string;
  /** Why it must be asked for. */
  readonly reason: string;
  /** Whose text, from outside, the model has read before it wrote this call. */
  readonly taint: readonly string[];
}

/** What a person decided. */
export interface Approval {
  readonly digest: string;
  readonly isApproved: boolean;
  /** Who decided, for the audit. */
  readonly by?: string;
  /** Told to the model when it was refused. */
  readonly note?: string;
}

/** Decisions that go with a run; toolboxes read them. */
export const approvalsKey: RunKey<readonly Approval[]> = runKey('approvals');

/**
 * Who makes the calls of a run, from the outside in: agents that do not know of each other may make the same call under the same id,
 * and what is approved of for one is not approved of for the other.
 */
const callerKey: RunKey<readonly string[]> = runKey('caller');

/** A run whose calls are made by somebody within: approvals are bound to that. */
export const calledBy = (run: Run, caller: string): Run =>
  run.with({ values: new Map([[callerKey, [...(run.get(callerKey) ?? []), caller]]]) });

/** SHA-256 of the call in canonical JSON: the order of fields does not count, and nothing else can have the same. */
export const digestOf = ({ id, name }: ToolCallPart, input: unknown, run: Run): string =>
  createHash('sha256')
    .update(JSON.stringify(toJson([id, name, input, ...(run.get(callerKey) ?? [])])))
    .digest('base64url');
