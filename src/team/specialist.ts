import type { AnyStep, Message, Run } from '../core/index.js';
import { type Agent, type AgentOptions, type AgentSettings, defineAgent, workOn } from '../agent/index.js';
import type { Profiled } from './member.js';

/** An agent that says what it is good for: `teamMember` takes it as it is. */
export type Specialist<Out> = Agent<Out> & Required<Profiled>;

/** What every specialist can be told. */
export interface SpecialistOptions
  extends Omit<AgentSettings, 'memory'>,
    Pick<AgentOptions<unknown>, 'tools' | 'maxSteps'> {
  /** What matters beside, for the model: the readers, the tone, what to leave out. @default nothing */
  readonly instructions?: string;
  /** Tags of what it can do. @default those of its kind */
  readonly skills?: readonly string[];
}

/** What makes one kind of specialist. */
export interface SpecialistKind<Draft, Out> {
  readonly kind: string;
  readonly profile: Required<Profiled>;
  /** The agent that writes the draft. */
  readonly writer: Agent<Draft>;
  /** Makes the answer of the draft and all that was said; the draft is undefined where the model came to none. */
  readonly refine: (draft: Draft | undefined, messages: readonly Message[], run: Run) => Promise<Out | undefined>;
}

export const instructed = (rules: string, { instructions }: SpecialistOptions): string =>
  instructions === undefined ? rules : `${rules}\n\n${instructions}`;

/** An agent whose answer is checked and completed by code. Its states are those of the agent that writes the draft. */
export const specialist = <Draft, Out>(
  { kind, profile, writer, refine }: SpecialistKind<Draft, Out>,
  { name = kind, budget, onState, skills = profile.skills }: SpecialistOptions,
): Specialist<Out> => {
  const made = defineAgent<Out>(
    {
      kind,
      children: [{ label: 'draft', step: writer as AnyStep }],
      work: async (start, { tell }, run) => {
        const result = await workOn(writer, { state: { ...start, kind: 'agent' } }, run, {
          onState: (state) => tell({ ...state, kind }),
        });
        const { state, stopReason, waiting } = result;
        const isEnd = stopReason !== 'paused';
        const output = isEnd ? await refine(result.output, state.messages, run) : undefined;
        return { state: { ...state, kind }, stopReason, waiting, output };
      },
      read: async ({ output }) => ({ output: output as Out | undefined, more: {} }),
    },
    { name, ...(budget && { budget }), ...(onState && { onState }) },
  );
  return Object.assign(made, { description: profile.description, skills });
};
