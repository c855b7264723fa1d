// Everything is a step: functions joined with pipe, parallel, route and loop, watched through one run.
import {
  createRun,
  inspect,
  loop,
  named,
  parallel,
  pipe,
  type Run,
  route,
  type StepOutput,
  stream,
  toMermaid,
} from 'pipewright';

const tidy = named('tidy', (text: string) => text.trim().replace(/\s+/g, ' '));
const facts = parallel({
  text: (text: string) => text,
  words: (text: string) => text.split(' ').length,
  isQuestion: (text: string) => text.endsWith('?'),
});
type Facts = StepOutput<typeof facts>;
const reply = route(({ isQuestion }: Facts) => (isQuestion ? 'ask' : 'tell'), {
  ask: ({ text }) => `You ask: ${text}`,
  tell: ({ words }) => `You say ${words} words.`,
});
const answer = pipe(tidy, facts, reply);

console.log(await answer('  what   is a step? '));
console.log(await answer('A step is a function.'));

// Watching costs nothing until somebody listens.
const started: string[] = [];
await answer('Who runs?', createRun({ on: (event) => event.type === 'step-start' && started.push(event.span.name) }));
console.log('steps:', started.join(' > '));

// Streaming is watching, too: a step emits, the reader reads, leaving the loop cancels the run.
const count = async (to: number, { emit }: Run) => {
  for (let n = 1; n <= to; n++) emit({ type: 'text-delta', text: `${n} ` });
  return to;
};
let counted = '';
for await (const text of stream(count, 5).text) counted += text;
console.log('streamed:', counted.trim());

console.log('doubled until above 100:', await loop((n: number) => n * 2, { until: (n) => n > 100, maxRounds: 20 })(3));
console.log(
  'children of the pipe:',
  inspect(answer)
    .children.map(({ name }) => name)
    .join(', '),
);
console.log(toMermaid(answer));
