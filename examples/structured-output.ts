// Typed answers: drafts while the model writes, a repair, and a model without JSON schemas. npx tsx examples/structured-output.ts
import { createRun, stream } from 'pipewright';
import { partials, structured } from 'pipewright/output';
import { callsTool, scripted } from 'pipewright/testing';
import { z } from 'zod';

const invoice = z.object({
  number: z.string(),
  lines: z.array(z.object({ item: z.string(), eur: z.number() })),
  note: z.string().optional(),
});

// The first answer has a word where a number must be; it is shown to the model, and its text is withdrawn.
const model = scripted([
  '{"number": "A-7", "lines": [{"item": "Ham", "eur": "three"}], "note": null}',
  '{"number": "A-7", "lines": [{"item": "Ham", "eur": 3}, {"item": "Eggs", "eur": 2.5}], "note": null}',
]);
const run = createRun();
const watched = stream(structured(model, invoice), 'Invoice A-7: ham three euros, eggs two fifty.', { run });
for await (const draft of partials(watched, invoice, { onlyComplete: true }))
  console.log('draft ', JSON.stringify(draft));
const { lines } = await watched.result;
console.log(`total  ${lines.reduce((sum, { eur }) => sum + eur, 0)} EUR after ${run.meter.spent.calls} calls`);

// A model with tools and no JSON schemas is given a tool that takes the answer; the answer here is one word.
const colour = z.enum(['red', 'green', 'blue']);
const toolModel = scripted([callsTool('answer', { value: 'green' })], { features: { jsonSchema: false } });
console.log(`colour ${await structured(toolModel, colour)('What colour is grass?')}`);
