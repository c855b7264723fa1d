import type { ModelStepParts } from '../ask/index.js';
import {
  callStep,
  checkSchema,
  defineStep,
  isPipewrightError,
  PipewrightError,
  type SchemaWithJson,
  type Step,
  system,
  user,
  withoutText,
} from '../core/index.js';
import { answerForm, type AskedAnswer, type TextModel, type TextReply } from '../output/index.js';

export interface LenientParts<In, Out> extends ModelStepParts<In, Out> {
  /** Its check gets the JSON of an answer and, where that does not do, the text as it stands. */
  readonly schema: SchemaWithJson<Out>;
}

type Verdict<Out> = { readonly value: Out } | { readonly issues: readonly string[] };

const readOf = async <Out>(
  reply: TextReply,
  asked: AskedAnswer,
  schema: SchemaWithJson<Out>,
): Promise<Verdict<Out>> => {
  let issues: readonly string[] = [];
  try {
    const checked = await checkSchema(schema, asked.read(reply));
    if (checked.isValid) return checked;
    ({ issues } = checked);
  } catch (error) {
    if (!isPipewrightError(error)) throw error;
    issues = [error.message];
  }
  const asText = await checkSchema(schema, reply.text);
  return asText.isValid ? asText : { issues };
};

/**
 * Like `modelStep`, but the text of an answer that is not the JSON asked for goes to the schema too: small models answer a
 * question for a label in a sentence, and what it says is often plain. Asks once more when neither can be read.
 */
export const askLeniently = <In, Out>(model: TextModel, parts: LenientParts<In, Out>): Step<In, Out> => {
  const { info, rules, content, schema } = parts;
  const form = answerForm(model, schema.jsonSchema);
  return defineStep({ ...info, children: [{ label: 'model', step: model, maxCalls: 2 }] }, async (input, run) => {
    const inner = withoutText(run);
    const asked = form({ messages: [system(rules), user(content(input, run))] });
    let { request } = asked;
    for (let round = 0; ; round++) {
      const reply = await callStep(model, request, inner);
      const read = await readOf(reply, asked, schema);
      if ('value' in read) return read.value;
      if (round === 1 || reply.finishReason === 'content-filter') throw unreadable(reply, read.issues);
      request = { ...request, messages: [...request.messages, ...asked.repair(reply, read.issues)] };
    }
  });
};

const unreadable = (reply: TextReply, issues: readonly string[]): PipewrightError =>
  reply.finishReason === 'content-filter'
    ? new PipewrightError('content-refused', 'The model refuses to answer this. Ask another model.', {
        details: { partialText: reply.text },
      })
    : new PipewrightError('output-invalid', `The answer of the model cannot be read: ${issues.join('; ')}.`, {
        details: { partialText: reply.text, issues },
      });
