import { isRecord, type JsonSchema } from '../../core/index.js';
import type { ToolDefinition } from '../../model/index.js';
import { parseJson } from '../../output/index.js';

/** The lines of ReAct, as models write them: in bold, and numbered as in the paper. */
const actionLine = /^[ \t]*\**Action(?:[ \t]*\d+)?\**[ \t]*:\**[ \t]*(.*)$/gmu;
const inputLine = /^[ \t]*\**Action[ \t]*Input(?:[ \t]*\d+)?\**[ \t]*:\**[ \t]*/mu;
const observationLine = /^[ \t]*\**Observation(?:[ \t]*\d+)?\**[ \t]*:/mu;
/** `search[Paris]`, `search("Paris")`. */
const bracketed = /^([^[(]+)[[(](.*)[\])][ \t]*$/u;
/** What models call as if it were a tool when they are done. */
const finishing = /^(?:finish|final[ _-]?answer|answer|done|respond)$/iu;

const bare = (name: string): string => name.replaceAll(/[^\p{L}\p{N}]/gu, '').toLowerCase();

/** The tool that a name stands for: itself, or the only one that is written alike. */
const toolFor = (name: string, tools: readonly ToolDefinition[]): ToolDefinition | undefined => {
  const exact = tools.find((tool) => tool.name === name);
  if (exact !== undefined) return exact;
  const alike = tools.filter((tool) => bare(tool.name) === bare(name));
  return alike.length === 1 ? alike[0] : undefined;
};

/** The one text that a tool takes, where it needs nothing else. */
const onlyText = ({ properties, required }: JsonSchema): string | undefined => {
  const entries = isRecord(properties) ? Object.entries(properties) : [];
  const needed = Array.isArray(required) && required.length > 0 ? required : entries.map(([name]) => name);
  const [name] = needed;
  const own = entries.find(([each]) => each === name)?.[1];
  return needed.length === 1 && isRecord(own) && own.type === 'string' ? String(name) : undefined;
};

const valueIn = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    // No JSON: a bare word or a sentence.
    return undefined;
  }
};

const unquoted = (text: string): string => text.replace(/^(["'`])([\s\S]*)\1$/u, '$2');

/** What stands where arguments should, as JSON: a bare text becomes the one argument of a tool that takes one text. */
const argumentsIn = (text: string, tool: ToolDefinition | undefined): string => {
  if (text === '') return '{}';
  const name = isRecord(valueIn(text)) || tool === undefined ? undefined : onlyText(tool.inputSchema);
  return name === undefined ? text : JSON.stringify({ [name]: unquoted(text) });
};

interface Action {
  readonly name: string;
  readonly input: string;
}

const actionIn = (block: string, line: string): Action => {
  const clean = line.replaceAll(/[*`]/gu, '').trim();
  const [, name = clean, inside = ''] = bracketed.exec(clean) ?? [];
  const at = inputLine.exec(block);
  const given = at === null ? inside : block.slice(at.index + at[0].length);
  return { name: unquoted(name.trim()), input: given.trim() };
};

/**
 * What a model wrote, with its actions in the form that they should have: the names of tools as they are, arguments as JSON, and an
 * action that means the end as the final answer. Observations that it made up are left out. What is clear already stays as it is.
 */
export const mendReact = (text: string, tools: readonly ToolDefinition[]): string => {
  const whole = text.slice(0, observationLine.exec(text)?.index ?? text.length);
  const lines = [...whole.matchAll(actionLine)];
  const first = lines[0]?.index;
  if (first === undefined) return text;
  const blocks = lines.flatMap((line, at): readonly string[] => {
    const block = whole.slice(line.index, lines[at + 1]?.index ?? whole.length);
    const { name, input } = actionIn(block, line[1] ?? '');
    const tool = toolFor(name, tools);
    if (tool === undefined && finishing.test(name)) {
      // What is said to be the answer beside an action does not know its result yet.
      return at === 0 ? [`Final Answer: ${finishText(input)}`] : [];
    }
    if (tool === undefined && name === '') return [block.trimEnd()];
    return [`Action: ${tool?.name ?? name}\nAction Input: ${argumentsIn(input, tool)}`];
  });
  return whole.slice(0, first) + blocks.join('\n');
};

/** The answer in the arguments of an action that means the end. */
const finishText = (input: string): string => {
  const value = valueIn(input);
  const values = isRecord(value) ? Object.values(value) : [];
  return values.length === 1 && typeof values[0] === 'string' ? values[0] : unquoted(input);
};

const answerLine = /^[ \t>#*_]*(?:the[ \t]+)?final[ \t]+answer(?:[ \t]+is)?[ \t*_]*:[ \t*_]*/imu;
const shortAnswerLine = /^[ \t>#*_]*answer[ \t*_]*:[ \t*_]*/imu;
const nextLine = /^[ \t]*\**(?:Thought|Question|Action|Observation)(?:[ \t]*\d+)?\**[ \t]*:/mu;
const thoughtMark = /^[ \t]*\**Thought(?:[ \t]*\d+)?\**[ \t]*:\**[ \t]*/gimu;
const brokenAction = /^[ \t]*\**Action(?:[ \t]*Input)?(?:[ \t]*\d+)?\**[ \t]*:/mu;

const withoutThinking = (text: string): string => text.replace(/^[\s\S]*<\/think>/u, '');

/**
 * The final answer in a reply that calls no tool: what stands behind `Final Answer:` in any of its forms; else what is said behind
 * the thought. Undefined where there is neither, or an action that could not be read.
 */
export const finalAnswerIn = (reply: string): string | undefined => {
  const text = withoutThinking(reply);
  const mark = answerLine.exec(text) ?? shortAnswerLine.exec(text);
  if (mark !== null) {
    const rest = text.slice(mark.index + mark[0].length);
    // Some models go on and make up a further question.
    const answer = rest.slice(0, nextLine.exec(rest)?.index ?? rest.length).trim();
    if (answer !== '') return answer;
  }
  if (brokenAction.test(text)) return undefined;
  const said = text.trim();
  if (said.search(thoughtMark) !== 0) return said === '' || mark !== null ? undefined : said;
  const end = said.search(/\n/u);
  const behind = end < 0 ? '' : said.slice(end).trim();
  return behind === '' || nextLine.test(behind) ? undefined : behind;
};

/** The thought in a reply: what stands before its action or its answer, without the mark. */
export const thoughtIn = (reply: string): string => {
  const text = withoutThinking(reply);
  const answer = finalAnswerIn(text);
  const ends = [answerLine.exec(text)?.index, shortAnswerLine.exec(text)?.index, actionLineAt(text)];
  const marked = text.slice(0, Math.min(...ends.map((end) => end ?? text.length))).trim();
  const said = marked === text.trim() && answer !== undefined ? marked.slice(0, marked.length - answer.length) : marked;
  return said.replaceAll(thoughtMark, '').trim();
};

const actionLineAt = (text: string): number | undefined => brokenAction.exec(text)?.index;
