/** One way to fill in templates: each job gives a function that renders once, to a text or to messages. */
export interface PromptContender {
  readonly name: string;
  /** Called at once, where it can be. */
  readonly jobs: Readonly<Record<PromptJob, () => unknown>>;
}

export const promptJobs = [
  'text, 2 values',
  'text, 400 values in 14,000 characters',
  'chat, 22 messages',
  'chat, 2 messages, as a step',
  'few-shot text, 8 examples',
  'few-shot chat, 8 examples',
] as const;
export type PromptJob = (typeof promptJobs)[number];

export const small = {
  template: 'Translate to {language}: {text}',
  values: { language: 'German', text: 'Good morning, how are you?' },
};
export const large: { readonly template: string; readonly values: { readonly a: string; readonly b: string } } = {
  template: 'Some words of a long prompt around {a} and around {b}. '.repeat(200),
  values: { a: 'one value', b: 'another value' },
};
export const rules = 'You are {role}. Answer in {language}.';
export const question = 'Question: {question}';
export const values = { role: 'a poet', language: 'German', question: 'Why?' };
export const turnTexts: readonly string[] = Array.from({ length: 20 }, (_, index) => `Turn ${index} of the talk.`);
export const shots: readonly { readonly input: string; readonly output: string }[] = Array.from(
  { length: 8 },
  (_, index) => ({
    input: `My parcel number ${index} has not arrived yet`,
    output: index % 2 ? 'shipping' : 'billing',
  }),
);
export const shotTemplate = 'Input: {input}\nOutput: {output}';
