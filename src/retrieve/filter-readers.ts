import { defineStep, type Filter, PipewrightError, type Step } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { words } from '../text/index.js';
import {
  checkConditions,
  type DeclaredField,
  type DeclaredFields,
  type FilteredQuery,
  operatorsOf,
  type WrittenCondition,
} from './declared-fields.js';
import {
  answerSchema,
  isText,
  listSchema,
  member,
  modelStep,
  objectSchema,
  type Read,
  textSchema,
  textsIn,
} from '../ask/index.js';

/** Takes a query apart into what to search for and among which documents. Any function of that form is a reader. */
export type FilterReader = Step<string, FilteredQuery>;

const checkFields = (fields: DeclaredFields): void => {
  if (Object.keys(fields).length === 0)
    throw new PipewrightError('bad-option', 'Declare at least one field to filter by.');
};

const lineOf = ([name, field]: [string, DeclaredField]): string => {
  const { type, description = '', values } = field;
  const among = values === undefined ? '' : `, one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  return `- ${name} (${type}${among}; ${operatorsOf(field).join(' ')})${description === '' ? '' : `: ${description}`}`;
};

const rulesFor = (fields: DeclaredFields): string =>
  [
    'Split the question into what to search for and conditions on these fields of the documents:',
    ...Object.entries(fields).map(lineOf),
    'Add a condition only where the question clearly asks for it; most questions have none. All conditions must hold. Dates are written 2024-05-31.',
    '`text` is the question without what the conditions say. Keep its language. Do not answer it.',
  ].join('\n');

const conditionOf = (value: unknown): WrittenCondition | undefined => {
  const field = member(value, 'field');
  const operator = member(value, 'operator');
  const values = textsIn(value, 'values');
  return isText(field) && isText(operator) && values !== undefined ? { field, operator, values } : undefined;
};

const readFiltered = (value: unknown, fields: DeclaredFields): Read<FilteredQuery> => {
  const search = member(value, 'text');
  const list = member(value, 'conditions');
  const conditions = Array.isArray(list) ? list.map(conditionOf) : [undefined];
  const read = conditions.filter((condition) => condition !== undefined);
  if (!isText(search) || read.length < conditions.length) {
    return { issues: ['Answer with `text`, and with `conditions` of { field, operator, values }.'] };
  }
  const checked = checkConditions(read, fields);
  if ('issues' in checked) return checked;
  return { value: { text: search.trim(), ...(checked.filter === undefined ? {} : { filter: checked.filter }) } };
};

/**
 * A reader that has a model turn a question into a text and conditions on the declared fields. What it writes is checked against the
 * fields, their types, values and operators; shown what is wrong, it gets one more try. One model call; its request grows with the
 * number of fields.
 * @throws {PipewrightError} `bad-option`; the step throws `output-invalid` when the second try is no good either.
 * @example selfQuery(documents.retriever(), filterReader(model, { year: { type: 'number' }, kind: { type: 'string', values: ['law', 'note'] } }))
 */
export const filterReader = (model: ChatModel, fields: DeclaredFields): FilterReader => {
  checkFields(fields);
  return modelStep(model, {
    info: { kind: 'filter-reader', details: { fields: Object.keys(fields).join(', ') } },
    rules: rulesFor(fields),
    content: (query: string, run) => `Today is ${new Date(run.clock.now()).toISOString().slice(0, 10)}.\n\n${query}`,
    schema: answerSchema(
      objectSchema({
        text: textSchema,
        conditions: listSchema(
          objectSchema({
            field: { type: 'string', enum: Object.keys(fields) },
            operator: { type: 'string', enum: [...new Set(Object.values(fields).flatMap(operatorsOf))] },
            values: listSchema(textSchema),
          }),
        ),
      }),
      (value) => readFiltered(value, fields),
    ),
  });
};

/** "not from 2020", "all but the notes": patterns cannot tell what this leaves out. */
const negation = /\b(?:not|no|never|without|except|excluding|but|other than|n't)\b|n['’]t\b/iu;

const between = /\b(?:between|from)\s+(\d{4})\s+(?:and|to|until)\s+(\d{4})\b/iu;
const oneYear =
  /(?:\b(since|from|after|before|until|by|in|of)\s+(?:the\s+)?(?:year\s+)?)?\b((?:1[5-9]|20)\d{2})\b(?![-/.]\d)/giu;

const yearOperators: Readonly<Record<string, string>> = {
  since: '$gte',
  from: '$gte',
  after: '$gt',
  before: '$lt',
  until: '$lte',
  by: '$lte',
};

/** The first and last year that a question asks for; undefined for none, and for several that may mean anything. */
const yearConditions = (query: string): readonly (readonly [operator: string, year: number])[] => {
  const [, first, last] = between.exec(query) ?? [];
  if (first !== undefined && last !== undefined)
    return [['$gte', Number(first)] as const, ['$lte', Number(last)] as const];
  const found = [...query.matchAll(oneYear)].map(
    ([, word = '', year]) => [yearOperators[word.toLowerCase()] ?? '$eq', Number(year)] as const,
  );
  return found.length === 1 ? found : [];
};

/** A year as a condition on dates: they begin with it. */
const dateFilter = (name: string, operator: string, year: number): Filter => {
  const [from, to] = [String(year), String(year + 1)];
  switch (operator) {
    case '$gte':
      return { [name]: { $gte: from } };
    case '$gt':
      return { [name]: { $gte: to } };
    case '$lt':
      return { [name]: { $lt: from } };
    case '$lte':
      return { [name]: { $lt: to } };
    default:
      return { [name]: { $gte: from, $lt: to } };
  }
};

const yearFilters = (query: string, fields: DeclaredFields): readonly Filter[] => {
  const isYear = ([name, { type }]: [string, DeclaredField]): boolean =>
    type === 'date' || (type === 'number' && /year/iu.test(name));
  const named = Object.entries(fields).filter(isYear);
  const [only] = named;
  // With two such fields a year may mean either.
  if (only === undefined || named.length > 1) return [];
  const [name, { type }] = only;
  return yearConditions(query).map(([operator, year]) =>
    type === 'date' ? dateFilter(name, operator, year) : { [name]: { [operator]: year } },
  );
};

const valueFilters = (query: string, fields: DeclaredFields): readonly Filter[] => {
  const asked = ` ${words(query).join(' ')} `;
  const isNamed = (value: string | number): boolean => {
    const own = words(String(value)).join(' ');
    return own !== '' && asked.includes(` ${own} `);
  };
  const named = Object.entries(fields)
    .filter(([, { type }]) => type === 'string')
    .map(([name, { values = [] }]) => ({ name, values: values.filter(isNamed) }))
    .filter(({ values }) => values.length > 0);
  const fieldsWith = (value: string | number): number => named.filter(({ values }) => values.includes(value)).length;
  return named
    .filter(({ values }) => values.every((value) => fieldsWith(value) === 1))
    .map(({ name, values }) => ({ [name]: { $in: values } }));
};

/**
 * A reader without a model, for plain mentions only: one year (`since 2020`, `between 2018 and 2021`, `in 2019`) for the one field of
 * type `date`, or the one of type `number` with `year` in its name; and declared values of fields of type `string`, named as they
 * are. It sets no filter where a question has a negation, two years, or a value of two fields; the text stays as it is.
 * @throws {PipewrightError} `bad-option`.
 * @example await patternReader({ year: { type: 'number' } })('refund rules since 2020') // => { text: 'refund rules since 2020', filter: { year: { $gte: 2020 } } }
 */
export const patternReader = (fields: DeclaredFields): FilterReader => {
  checkFields(fields);
  const info = { kind: 'filter-reader', name: 'patterns', details: { fields: Object.keys(fields).join(', ') } };
  return defineStep(info, async (query) => {
    const filters = negation.test(query) ? [] : [...yearFilters(query, fields), ...valueFilters(query, fields)];
    const [only] = filters;
    return { text: query, ...(only === undefined ? {} : { filter: filters.length > 1 ? { $and: filters } : only }) };
  });
};
