import { type AnyStep, checkAtLeast, decorate, PipewrightError, type Run, type RunKey, runKey } from '../core/index.js';
import { type Agent, agent, type AgentOptions, type AgentState } from '../agent/index.js';
import type { ChatModel } from '../model/index.js';
import type { Tool } from '../tool/index.js';
import { memberTool, type MemberWork } from './agent-tool.js';
import type { TeamMember } from './member.js';

/** How often members that fail are started again, as supervisors of Erlang/OTP do it: one for one. */
export interface RestartOptions {
  /** Restarts of all members together within `windowMs`; the next failure escalates. @default 3 */
  readonly maxRestarts?: number;
  /** @default 60000 */
  readonly windowMs?: number;
  /**
   * Who is told of a failure beyond that: the `model`, which may ask somebody else, or the `caller`, for whom the task fails, so that a
   * supervisor above starts all of it again. @default 'model'
   */
  readonly escalateTo?: 'model' | 'caller';
}

export interface SupervisorOptions<Out> extends Omit<AgentOptions<Out>, 'tools'> {
  /** What it uses itself. @default nothing */
  readonly tools?: readonly Tool[];
  readonly restarts?: RestartOptions;
}

/** Ends the task of the supervisor around with an error. */
const escalateKey: RunKey<(error: unknown) => void> = runKey('escalate');

/** Counts restarts in a sliding window; true while another one is allowed. It never holds more than `maxRestarts` times. */
const restartWindow = ({ maxRestarts, windowMs }: { readonly maxRestarts: number; readonly windowMs: number }) => {
  let times: readonly number[] = [];
  return (nowMs: number): boolean => {
    times = times.filter((atMs) => nowMs - atMs < windowMs);
    if (times.length >= maxRestarts) return false;
    times = [...times, nowMs];
    return true;
  };
};

/** The work of a member, begun again when it fails: where it stood or, when it came no further there, at the beginning. */
const restarted =
  (
    { profile, work }: TeamMember,
    mayRestart: (nowMs: number) => boolean,
    { escalateTo }: Required<RestartOptions>,
  ): MemberWork =>
  async (assignment, run, onProgress) => {
    let from: AgentState | undefined = assignment.state;
    let last = from;
    for (;;) {
      const { state: _, ...fresh } = assignment;
      const reply = await work(from === undefined ? fresh : { ...fresh, state: from }, run, (state) => {
        last = state ?? last;
        return onProgress(state);
      });
      if (reply.status !== 'failed') return reply;
      if (!mayRestart(run.clock.now())) {
        const reason = `${reply.reason} It failed too often, and is not started again.`;
        if (escalateTo === 'caller') {
          run.get(escalateKey)?.(new PipewrightError('member-failed', `${profile.name} failed: ${reason}`));
        }
        return { ...reply, reason };
      }
      run.emit({ type: 'warning', message: `${profile.name} failed and is started again: ${reply.reason}` });
      from = last === from ? undefined : last;
      last = from;
    }
  };

/**
 * Makes an agent whose tools are members of a team: its model says what each is to do and makes the answer of what they give. A
 * member that fails is started again, from where it stood, within limits; then the failure escalates. It pauses where a member pauses.
 * Costs its own calls of the model, and what the members cost.
 * @throws {PipewrightError} `bad-option`; the agent rejects with `member-failed` where a failure escalates to the caller.
 * @example supervisor(model, [teamMember(researcher), teamMember(writer)], { system: 'You edit a magazine.' })
 */
export const supervisor = <Out = string>(
  model: ChatModel,
  members: readonly TeamMember[],
  options: SupervisorOptions<Out> = {},
): Agent<Out> => {
  const { restarts = {}, tools = [], name = 'supervisor', ...others } = options;
  const { maxRestarts = 3, windowMs = 60_000, escalateTo = 'model' } = restarts;
  checkAtLeast('maxRestarts', maxRestarts, 0);
  checkAtLeast('windowMs', windowMs, 1);
  const policy = { maxRestarts, windowMs, escalateTo };
  const mayRestart = restartWindow(policy);
  const helpers = members.map((each) => memberTool(each.profile, restarted(each, mayRestart, policy)));
  const inner = agent<Out>(model, { ...others, name, tools: [...helpers, ...tools] });
  const { maxSteps = 20 } = options;
  const workers = members.flatMap(({ profile, step }) =>
    step === undefined ? [] : [{ label: profile.name, step, maxCalls: maxSteps + maxRestarts }],
  );
  const info = {
    kind: 'supervisor',
    name,
    details: { maxRestarts, windowMs, escalateTo },
    children: [{ label: 'lead', step: inner as AnyStep }, ...workers],
  };
  return decorate(inner, info, async (input, run: Run, call) => {
    using scope = run.scope();
    const values = new Map([[escalateKey, (error: unknown) => scope.abort(error)]]);
    return call(input, scope.run.with({ values }));
  }) as Agent<Out>;
};
