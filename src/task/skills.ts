import {
  callStep,
  checkAtLeast,
  defineStep,
  type Part,
  type Run,
  type Step,
  type StepLike,
  system,
  user,
  withoutText,
} from '../core/index.js';
import { type ChatModel, type ChatRequest, truncate } from '../model/index.js';
import { type Room, roomOf, textRoom } from './windows.js';
import { writeText } from './write-text.js';

/** One thing that a small model does well at a time. */
export interface Skill {
  readonly name: string;
  /** What it is told to do, in one or two sentences. */
  readonly does: string;
}

/** Chains that are ready: each skill reads the task and what the one before wrote. */
export const skills: Readonly<Record<'research' | 'analysis' | 'writing' | 'problemSolving', readonly Skill[]>> = {
  research: [
    { name: 'questions', does: 'List the three to five questions that must be answered for the task. One line each.' },
    {
      name: 'facts',
      does: 'Answer each question of the notes in one sentence, from the task alone. Write "unknown" where it does not say.',
    },
    { name: 'report', does: 'Write a short report for the task from the notes. Say what is unknown.' },
  ],
  analysis: [
    { name: 'parts', does: 'Name the parts of the matter in the task and what is known of each. One line each.' },
    {
      name: 'causes',
      does: 'For each part in the notes, say what causes or limits it, and how sure that is. One line each.',
    },
    { name: 'verdict', does: 'Say in at most five sentences what follows from the notes for the task.' },
  ],
  writing: [
    { name: 'outline', does: 'Write an outline for the task: at most six points, in order. One line each.' },
    { name: 'draft', does: 'Write the text of the task along the outline in the notes.' },
    {
      name: 'edit',
      does: 'Rewrite the draft in the notes: shorter sentences, no repetition, every fact kept. Write the text alone.',
    },
  ],
  problemSolving: [
    { name: 'understand', does: 'State what is given and what is asked in the task. One line each.' },
    {
      name: 'plan',
      does: 'Write the steps that lead from what is given to what is asked. One line each; do not solve them yet.',
    },
    { name: 'solve', does: 'Carry out the steps of the notes one by one, each with its result.' },
    { name: 'answer', does: 'Check the result in the notes against the task. Write the final answer in one sentence.' },
  ],
};

export interface SkillResult {
  /** What the last skill wrote. */
  readonly text: string;
  readonly steps: readonly { readonly name: string; readonly text: string }[];
}

export interface SkillChainOptions {
  /** Tokens of one call, input and reply together. @default what the model can read, else 8192 */
  readonly windowTokens?: number;
  /** Kept free for what a skill writes, and as much of it is handed on. @default 400, at most a quarter of the window */
  readonly replyTokens?: number;
  /** Makes a task fit that is too long. @default cuts out its middle */
  readonly fit?: StepLike<{ readonly text: string; readonly maxTokens: number }, { readonly text: string }>;
}

const contentOf = (task: string, notes: string): readonly Part[] => [
  { type: 'source', id: 'task', title: 'task', text: task },
  ...(notes === '' ? [] : [{ type: 'source' as const, id: 'notes', title: 'notes', text: notes }]),
];

const requestOf = ({ does }: Skill, task: string, notes: string): ChatRequest => ({
  messages: [system(does), user(contentOf(task, notes))],
});

/**
 * Makes a step that does a task by small prompts one after the other: each skill gets the task and what the one before wrote, cut
 * to fit the window exactly. One call for each skill; the text of the last one is shown. Throws `context-too-long` where the window is
 * too small, and what `fit` and the model throw.
 * @throws {PipewrightError} `bad-option`.
 * @example (await skillChain(scripted(['Given: 6 × 7.', 'Multiply.', '42', '42.']), skills.problemSolving)('How much is 6 × 7?')).text // => '42.'
 */
export const skillChain = (
  model: ChatModel,
  chain: readonly Skill[],
  options: SkillChainOptions = {},
): Step<string, SkillResult> => {
  const { windowTokens, replyTokens, fit = cutMiddle(model.model) } = options;
  checkAtLeast('the number of skills', chain.length, 1);
  const whole = roomOf(model, windowTokens, 0);
  const reserved = replyTokens ?? Math.min(400, Math.floor(whole.windowTokens / 4));
  checkAtLeast('replyTokens', reserved, 1);
  const room: Room = { ...whole, replyTokens: reserved };
  const children = [
    { label: 'fit', step: fit, maxCalls: chain.length },
    { label: 'skill', step: model, maxCalls: chain.length },
  ];
  const details = { skills: chain.map(({ name }) => name).join(' → ') };
  return defineStep({ kind: 'skills', details, children }, async (task: string, run: Run) => {
    const steps: { readonly name: string; readonly text: string }[] = [];
    let notes = '';
    for (const [at, skill] of chain.entries()) {
      const isLast = at === chain.length - 1;
      const maxTokens = await textRoom(room, requestOf(skill, '', notes));
      const { text: fitted } = await callStep(fit, { text: task, maxTokens }, run);
      const request = requestOf(skill, fitted, notes);
      const text = await writeText(model, request, reserved, isLast ? run : withoutText(run));
      steps.push({ name: skill.name, text });
      notes = (await truncate(text, { maxTokens: reserved, model: model.model, keep: 'ends' })).text;
      run.emit({ type: 'progress', label: skill.name, done: at + 1, total: chain.length });
    }
    return { text: steps.at(-1)?.text ?? '', steps };
  });
};

const cutMiddle =
  (model: string) =>
  ({ text, maxTokens }: { readonly text: string; readonly maxTokens: number }): Promise<{ readonly text: string }> =>
    truncate(text, { maxTokens, model, keep: 'ends' });
