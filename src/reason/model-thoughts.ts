import { callStep, checkAtLeast, defineStep, map, type Part, PipewrightError, type Step } from '../core/index.js';
import {
  answerSchema,
  isText,
  listIn,
  listSchema,
  member,
  modelStep,
  objectSchema,
  textIn,
  textSchema,
} from '../ask/index.js';
import type { ChatModel } from '../model/index.js';
import { chainOfThought } from './chain-of-thought.js';
import { contentOf, dataRule, withSources } from './problem.js';
import type { ProposedThought } from './thought-tree.js';
import type { ThoughtPath, ThoughtSteps } from './tree-search.js';

export interface ModelThoughtsOptions {
  /**
   * `value`: the model grades each thought by itself; `vote`: it is shown all thoughts of a level and says which is best, `votes`
   * times. @default 'value'
   */
  readonly judge?: 'value' | 'vote';
  /** How often it is asked which thought is best. @default 3 */
  readonly votes?: number;
  /** Thoughts that a proposal is asked for. @default 3 */
  readonly branches?: number;
  /** What a thought is, and what makes one good: "one arithmetic operation on two of the numbers". @default '' */
  readonly instructions?: string;
}

const thoughtsSchema = answerSchema(
  objectSchema({ thoughts: listSchema(objectSchema({ text: textSchema, answer: textSchema })) }),
  (value) => {
    const list = listIn(value, 'thoughts');
    if (list === undefined || !list.every((each) => isText(member(each, 'text')))) {
      return { issues: ['`thoughts` must be a list of objects with a `text` and an `answer`.'] };
    }
    return {
      value: list.map((each): ProposedThought => {
        const answer = textIn(each, 'answer');
        return { text: textIn(each, 'text'), ...(answer === '' ? {} : { answer }) };
      }),
    };
  },
);

const gradeSchema = answerSchema(objectSchema({ grade: { type: 'number' } }), (value) => {
  const grade = member(value, 'grade');
  return typeof grade === 'number' && grade >= 0 && grade <= 10
    ? { value: grade / 10 }
    : { issues: ['`grade` must be a number from 0 to 10.'] };
});

const bestSchema = answerSchema(objectSchema({ best: { type: 'integer' } }), (value) => {
  const best = member(value, 'best');
  return Number.isInteger(best)
    ? { value: Number(best) }
    : { issues: ['`best` must be the number of a line of thought.'] };
});

const linesOf = ({ thoughts, answer }: ThoughtPath): string =>
  [...thoughts.map((text, at) => `${at + 1}. ${text}`), ...(answer === undefined ? [] : [`Answer: ${answer}`])].join(
    '\n',
  );

/** The problem and the thoughts so far, as data. */
const contentWith = (path: ThoughtPath): readonly Part[] => {
  const thoughts = linesOf(path);
  const sources: readonly Part[] = thoughts === '' ? [] : [{ type: 'source', id: 'thoughts so far', text: thoughts }];
  return [...sources, ...contentOf(path.problem)];
};

const proposer = (
  model: ChatModel,
  branches: number,
  instructions: string,
): Step<ThoughtPath, readonly ProposedThought[]> =>
  modelStep(model, {
    info: { kind: 'proposer', details: { branches } },
    rules:
      `Do not solve the problem at once. Propose up to ${branches} different next steps of thought behind the thoughts so far, the most ` +
      'promising first, each one or two sentences with what it comes to. Where a step finishes the problem, give its final answer in ' +
      `\`answer\`; else leave that empty. Propose none where no step can help. ${instructions} ${dataRule}`,
    content: contentWith,
    schema: thoughtsSchema,
  });

const valuer = (model: ChatModel, instructions: string): Step<ThoughtPath, number> =>
  modelStep(model, {
    info: { kind: 'valuer' },
    rules:
      'How likely do these thoughts lead to a right solution of the problem? Check every step. 10: they are right, and the answer, ' +
      `where there is one, is proven; 5: they may lead there; 0: a step is wrong, or no solution can follow. ${instructions} ${dataRule}`,
    content: contentWith,
    schema: gradeSchema,
  });

/** The score of a line of thought is its share of the votes. */
const voter = (
  model: ChatModel,
  votes: number,
  instructions: string,
): Step<readonly ThoughtPath[], readonly number[]> => {
  const ballot = modelStep(model, {
    info: { kind: 'ballot' },
    rules: `Each source is a line of thought about the problem. Compare them, and give the number of the most promising one in \`best\`. ${instructions} ${dataRule}`,
    content: (paths: readonly ThoughtPath[]): readonly Part[] => [
      ...paths.map((path, at): Part => ({ type: 'source', id: String(at + 1), text: linesOf(path) })),
      ...paths.slice(0, 1).flatMap(({ problem }) => contentOf(problem)),
    ],
    schema: bestSchema,
  });
  const info = { kind: 'voter', details: { votes }, children: [{ label: 'ballot', step: ballot, maxCalls: votes }] };
  return defineStep(info, async (paths, run) => {
    const ballots = Array.from({ length: votes }, () => paths);
    const best = await map((each: readonly ThoughtPath[], inner) => callStep(ballot, each, inner), {
      concurrency: votes,
    })(ballots, run);
    return paths.map((_, at) => best.filter((number) => number === at + 1).length / votes);
  });
};

const concludingSteps = [
  'Read the thoughts so far in the sources, and check them.',
  'Work on from the last one that is right.',
  'Give the best answer that can be had, also where it is not certain.',
];

const concluder = (model: ChatModel, instructions: string): Step<ThoughtPath, string> => {
  const conclude = chainOfThought(model, { steps: concludingSteps, instructions });
  const info = { kind: 'conclude', children: [{ label: 'conclude', step: conclude }] };
  return defineStep(info, async (path, run) => {
    const problem = withSources(path.problem, [{ id: 'thoughts so far', text: linesOf(path) }]);
    return (await callStep(conclude, problem, run)).answer;
  });
};

/**
 * The steps of a tree of thoughts, made of a model: it proposes thoughts, judges them by themselves or against each other, and
 * concludes from the best path when a search ends without a solution. What it writes is not shown.
 * Each proposal, value, vote and conclusion is a call, made once more when its answer does not fit its form.
 * @throws {PipewrightError} `bad-option`
 * @example const solve = treeOfThoughts(modelThoughts(model, { judge: 'vote', instructions: 'A thought is one line of the poem.' }))
 */
export const modelThoughts = (model: ChatModel, options: ModelThoughtsOptions = {}): ThoughtSteps => {
  const { judge = 'value', votes = 3, branches = 3, instructions = '' } = options;
  checkAtLeast('votes', votes, 1);
  checkAtLeast('branches', branches, 1);
  if (judge !== 'value' && judge !== 'vote') {
    throw new PipewrightError('bad-option', `\`judge\` must be value or vote, got ${String(judge)}.`);
  }
  return {
    propose: proposer(model, branches, instructions),
    conclude: concluder(model, instructions),
    ...(judge === 'value' ? { value: valuer(model, instructions) } : { vote: voter(model, votes, instructions) }),
  };
};
