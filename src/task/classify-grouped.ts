import { checkSchema, type SchemaWithJson, type Step } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { type Classification, classify, type ClassifyOptions, decided, reportSchema } from './classify.js';
import { grouped, type GroupedOptions } from './grouped.js';
import { type LabelInput, labelLines, labelSpecs } from './labels.js';
import type { Settled } from './map-settled.js';
import { taskRules } from './rules.js';

export interface ClassifyGroupedOptions
  extends Pick<ClassifyOptions, 'minConfidence' | 'calibration' | 'instructions'>,
    Pick<GroupedOptions<unknown>, 'maxItems' | 'maxTokens' | 'concurrency'> {}

/**
 * `classify` for many short texts, several in one call, by self-report; a text whose answer cannot be matched with it is asked for
 * alone.
 * @throws {PipewrightError} `bad-option`.
 * @example (await classifyGrouped(scripted([]), ['spam', 'ham'])([])).length // => 0
 */
export const classifyGrouped = <const L extends string>(
  model: ChatModel,
  labels: readonly LabelInput<L>[],
  options: ClassifyGroupedOptions = {},
): Step<readonly string[], readonly Settled<Classification<L>>[]> => {
  const { minConfidence = 0.5, calibration, instructions, ...sizes } = options;
  const specs = labelSpecs(labels);
  const report = reportSchema(specs);
  const schema: SchemaWithJson<Classification<L>> = {
    jsonSchema: report.jsonSchema,
    '~standard': {
      version: 1,
      vendor: 'pipewright',
      validate: async (value) => {
        const checked = await checkSchema(report, value);
        if (!checked.isValid) return { issues: checked.issues.map((message) => ({ message })) };
        return { value: decided([checked.value], 'self-report', { minConfidence, calibration }) };
      },
    },
  };
  const single = classify(model, labels, {
    confidence: 'self-report',
    minConfidence,
    ...(calibration === undefined ? {} : { calibration }),
    ...(instructions === undefined ? {} : { instructions }),
  });
  const task = `${taskRules.classify}${instructions === undefined ? '' : ` ${instructions}`}\n${labelLines(specs)}`;
  return grouped(model, { task, schema, single, ...sizes });
};
