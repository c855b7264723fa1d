import { answerSchema, objectSchema, textIn, textSchema } from '../../ask/index.js';
import { type Tool, tool } from '../tool.js';
import { calculate } from './arithmetic.js';
import { listFunctions, numberFunctions } from './functions.js';

const description = `Calculates exactly. \`expression\` has numbers, + - * / % ^ ! and brackets, pi, e, and the functions ${[
  ...numberFunctions.keys(),
  ...listFunctions.keys(),
].join(
  ', ',
)}; statistics take a list: mean([3, 4, 8]), percentile(90, [1, 2, 3]), correlation([1, 2], [3, 5]). Angles are in radians.`;

const input = answerSchema(objectSchema({ expression: textSchema }), (value) => {
  const expression = textIn(value, 'expression');
  return expression === '' ? { issues: ['expression: must be a sum to calculate'] } : { value: { expression } };
});

/**
 * A tool that calculates what a model writes down, statistics included. The text is read by a grammar and never run.
 * The step throws `bad-input` that quotes the place it does not understand.
 * @example await calculator()({ expression: 'round(17.5% 4 + mean([3, 4, 8]) ^ 2, 2)' }) // => 26.5
 */
export const calculator = (): Tool<{ readonly expression: string }, number> =>
  tool({ name: 'calculator', description, input, isReadOnly: true, run: ({ expression }) => calculate(expression) });
