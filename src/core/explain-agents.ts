import { numberIn } from './explain-bounds.js';
import type { StepTree } from './inspect.js';

const number = (tree: StepTree, name: string): number => numberIn(tree, name, Infinity);
const many = (count: number, one: string): string =>
  `${count === Infinity ? 'any number of' : count} ${count === 1 ? one : `${one}s`}`;
const tools = (tree: StepTree): string => many(number(tree, 'tools'), 'tool');

/** What agents and teams do and cost, in a sentence without its subject. */
export const agentWords: Readonly<Record<string, (tree: StepTree) => string>> = {
  agent: (tree) =>
    `asks the model and runs the tools that it asks for, until it answers; up to ${many(number(tree, 'maxSteps'), 'call')} of the model, each with the conversation so far and ${tools(tree)}`,
  'react-agent': (tree) =>
    `thinks, acts and observes in text; up to ${many(number(tree, 'maxSteps'), 'call')} of the model, each with the conversation so far and a list of ${tools(tree)}`,
  'plan-agent': (tree) =>
    `has the model write up to ${many(number(tree, 'maxTasks'), 'task')}, does up to ${number(tree, 'concurrency')} at once, each up to ${many(number(tree, 'maxTries'), 'time')}, and answers from all results; plans anew up to ${many(number(tree, 'maxReplans'), 'time')}`,
  'verified-plan-agent': (tree) =>
    `has the model write phases of up to ${many(number(tree, 'maxTasks'), 'task')} with criteria, checks every result against them, tries other ways up to ${many(number(tree, 'maxTries'), 'time')}, and answers from all results`,
  'reflective-agent': (tree) =>
    `writes up to ${many(number(tree, 'maxDrafts'), 'draft')} and has each judged; stops at a score of ${number(tree, 'targetScore')}, or when drafts stop to get better`,
  'strategist-agent': (tree) =>
    `plans which of ${tools(tree)} to use, works with those alone, up to ${many(number(tree, 'maxSteps'), 'call')} of the model, and plans anew up to ${many(number(tree, 'maxAdaptations'), 'time')} when results disappoint`,
  'autonomous-agent': (tree) =>
    `plans a mission and works on it, up to ${many(number(tree, 'maxAttempts'), 'attempt')}, with a state after every step that can be gone on from`,
  'source-agent': () => 'decides where the answer is to come from, and gives the model only those passages and tools',
  handoffs: (tree) =>
    `lets one agent at a time have the conversation, which changes hands up to ${many(number(tree, 'maxHandoffs'), 'time')}`,
  supervisor: (tree) =>
    `has a model give work to its members, and starts failing members again up to ${many(number(tree, 'maxRestarts'), 'time')}`,
  coordinator: (tree) =>
    `splits the task, gives each part to one of ${many(number(tree, 'members'), 'member')} by skill and load, elsewhere again up to ${many(number(tree, 'maxAttempts'), 'time')}, and answers from all results`,
  debate: (tree) =>
    `lets ${many(number(tree, 'sides'), 'side')} argue for ${many(number(tree, 'rounds'), 'round')} with checked citations, and has a judge decide in both orders`,
  consensus: (tree) =>
    `has ${many(number(tree, 'members'), 'member')} take positions without seeing the others, negotiate for up to ${many(number(tree, 'maxRounds'), 'round')}, and vote`,
};
