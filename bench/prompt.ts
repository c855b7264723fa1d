import { performance } from 'node:perf_hooks';
import { system, user } from 'pipewright';
import { chatPrompt, history, prompt } from 'pipewright/prompt';

/** Median of several rounds, in microseconds a call. */
const microseconds = (call: () => unknown, calls = 20_000, rounds = 7): number => {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    for (let index = 0; index < calls; index++) call();
    return ((performance.now() - start) * 1_000) / calls;
  });
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
};

const print = (label: string, value: number): void => console.log(`${label.padEnd(44)} ${value.toFixed(2)} µs`);

const small = prompt('Translate to {language}: {text}');
const values = { language: 'German', text: 'Good morning, how are you?' };
print(
  'template literal by hand',
  microseconds(() => `Translate to ${values.language}: ${values.text}`),
);
print(
  'prompt, 2 variables, 60 characters',
  microseconds(() => small.format(values)),
);

const large = prompt('Some words of a long prompt around {a} and around {b}. '.repeat(200));
const letters = { a: 'one value', b: 'another value' };
print(
  'prompt, 400 places, 14,000 characters',
  microseconds(() => large.format(letters), 2_000),
);

const chat = chatPrompt([system('You are {role}.'), history('turns'), user('{question}')]);
const turns = Array.from({ length: 20 }, (_, index) => user(`Turn ${index}`));
print(
  'chatPrompt, 22 messages',
  microseconds(() => chat.format({ role: 'a poet', turns, question: 'Why?' })),
);
