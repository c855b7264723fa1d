import { plainText } from './content.js';
import { diffText } from './diff.js';
import type { OptimizationReport, TriedPrompt } from './optimize.js';

const rounded = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : '…');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();

const rowOf = ({
  id,
  origin,
  parent = '',
  trainingScore,
  trainingCases,
  critique = '',
  problem,
}: TriedPrompt): string =>
  `| ${[id, origin, parent, trainingScore === undefined ? '–' : rounded(trainingScore), trainingCases, cell(problem ?? critique)].join(' | ')} |`;

const fenced = (text: string): string => {
  const fence = '`'.repeat(Math.max(2, ...(text.match(/`+/g) ?? []).map(({ length }) => length)) + 1);
  return `${fence}text\n${text}\n${fence}`;
};

const heldOutLine = ({ heldOut }: OptimizationReport): readonly string[] => {
  if (heldOut === undefined) return [];
  const { cases, originalScore, candidateScore, difference } = heldOut;
  const { estimate, low, high, p } = difference;
  return [
    `- Held out: ${cases} cases, ${rounded(originalScore)} before, ${rounded(candidateScore)} after; gain ${rounded(estimate)} (${rounded(low)} to ${rounded(high)}), p ${rounded(p)}.`,
  ];
};

/**
 * What an optimisation did, as Markdown: decision, scores, cost, every prompt that was tried, and what changed.
 */
export const describeOptimization = (report: OptimizationReport): string => {
  const { isAccepted, reason, split, spent, tried, prompt, original, isCutShort } = report;
  const { usage, costUsd, calls, isCostPartial } = spent;
  const changes = diffText(`${plainText(original)}\n`, `${plainText(prompt)}\n`).unified;
  return [
    `# ${isAccepted ? 'A better prompt was found' : 'The original prompt stays'}`,
    '',
    `- ${reason}`,
    ...heldOutLine(report),
    `- Cases: ${split.training} to learn from, ${split.heldOut} held out, ${split.duplicates} left out as duplicates.`,
    `- Spent: ${calls} calls, ${usage.inputTokens + usage.outputTokens} tokens, ${rounded(costUsd)} USD${isCostPartial ? ' or more' : ''}${isCutShort ? '; the budget ended it early' : ''}.`,
    '',
    '## Prompts tried in training',
    '',
    '| id | origin | from | mean score | cases | remark |',
    '|---|---|---|---|---|---|',
    ...tried.map(rowOf),
    ...(isAccepted ? ['', '## What changed', '', fenced(changes)] : []),
    ...tried.flatMap(({ id, content }) => ['', `## Prompt ${id}`, '', fenced(plainText(content))]),
    '',
  ].join('\n');
};
