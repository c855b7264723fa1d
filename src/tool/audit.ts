import type { Run } from '../core/index.js';

/**
 * What was decided on a call, or came of it. `allowed`, `denied`: by the policy. `asked`: a person must decide. `approved`, `refused`:
 * a person did. `done`, `failed`: it ran.
 */
export type AuditEvent = 'allowed' | 'denied' | 'asked' | 'approved' | 'refused' | 'done' | 'failed';

/** One line of the trail: plain data. */
export interface AuditEntry {
  readonly event: AuditEvent;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly runId: string;
  readonly callId: string;
  readonly tool: string;
  /** The JSON of the arguments that it was decided on with; secrets in it are hidden. */
  readonly input: string;
  /** Stands for exactly this call with exactly these arguments. */
  readonly digest: string;
  readonly reason: string;
  /** Who decided, where a person did. */
  readonly by?: string;
  /** Where the untrusted text came from that the model had read. */
  readonly taint: readonly string[];
}

/** Is told of every decision before the call runs. What it throws stops the call: nothing runs that is not on record. */
export type Audit = (entry: AuditEntry, run: Run) => void | Promise<void>;
