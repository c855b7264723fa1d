import { sseText } from '../../src/testing/index.js';
import type { Recording } from './recordings.js';

// biome-ignore lint/suspicious/noExplicitAny: recorded JSON of many servers
type Json = any;

const pieces = (text: string | null | undefined): readonly string[] => text?.match(/.{1,7}/gsu) ?? [];

/** A text, or Mistral's list of chunks, as the deltas it is streamed in. */
const contentDeltas = (content: Json): readonly Json[] => {
  if (!Array.isArray(content)) return pieces(content).map((text) => ({ content: text }));
  return content.flatMap(({ type, text, thinking }) =>
    type === 'text'
      ? pieces(text).map((piece) => ({ content: piece }))
      : thinking.flatMap((thought: Json) =>
          pieces(thought.text).map((piece) => ({ content: [{ type, thinking: [{ ...thought, text: piece }] }] })),
        ),
  );
};

/** OpenRouter: each detail in pieces under its index, the signature behind the last. */
const detailDeltas = (detail: Json): readonly Json[] => {
  const { text, summary, signature, ...rest } = detail;
  const name = text === undefined ? 'summary' : 'text';
  const whole = text ?? summary;
  if (whole === undefined) return [{ reasoning_details: [detail] }];
  const shown = pieces(whole).map((piece) => ({ reasoning: piece, reasoning_details: [{ ...rest, [name]: piece }] }));
  return signature === undefined ? shown : [...shown, { reasoning_details: [{ ...rest, signature }] }];
};

const reasoningDeltas = ({ reasoning, reasoning_content, reasoning_details }: Json): readonly Json[] => {
  if (reasoning_details?.length) return reasoning_details.flatMap(detailDeltas);
  const name = reasoning_content ? 'reasoning_content' : 'reasoning';
  return pieces(reasoning_content || reasoning).map((piece) => ({ [name]: piece }));
};

/** Without the place in the list and with empty ids behind the first piece: recorded streams have both. */
const callDeltas = (calls: readonly Json[]): readonly Json[] =>
  calls.flatMap(({ id, type, extra_content, function: { name, arguments: json } }) => [
    { tool_calls: [{ id, type, ...(extra_content && { extra_content }), function: { name, arguments: '' } }] },
    ...pieces(json).map((piece) => ({ tool_calls: [{ id: '', function: { arguments: piece } }] })),
  ]);

/** A reply in one piece, as its server streams it: the reason last, the figures behind it. */
export const streamed = (recording: Recording): Recording | undefined => {
  const { status, headers, body } = recording.response;
  const { choices, usage, ...rest } = (body ?? {}) as Json;
  const [choice] = choices ?? [];
  if (status !== 200 || choice === undefined) return undefined;
  const { message = {}, finish_reason, logprobs } = choice;
  const { refusal, annotations, extra_content } = message;
  const deltas: readonly Json[] = [
    { role: 'assistant', content: '' },
    ...reasoningDeltas(message),
    ...contentDeltas(message.content),
    ...pieces(refusal).map((piece) => ({ refusal: piece })),
    ...callDeltas(message.tool_calls ?? []),
    ...(annotations?.length ? [{ annotations }] : []),
    ...(extra_content ? [{ extra_content }] : []),
  ];
  const events = [
    ...deltas.map((delta) => ({ ...rest, choices: [{ index: 0, delta, finish_reason: null }] })),
    { ...rest, choices: [{ index: 0, delta: {}, finish_reason, ...(logprobs && { logprobs }) }] },
    { ...rest, choices: [], usage },
  ];
  const type = { ...headers, 'content-type': 'text/event-stream' };
  return { ...recording, response: { status, headers: type, text: `${sseText(events)}data: [DONE]\n\n` } };
};
