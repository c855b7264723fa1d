/** The built package, as users get it: the sources would run with what tsx adds to every function. */
const built = (entry: string): Promise<unknown> => import(new URL(`../../dist/${entry}.js`, import.meta.url).href);
const { stream } = (await built('index')) as typeof import('../../src/index.js');
const { compatible } = (await built('compatible')) as typeof import('../../src/provider/compatible/index.js');
const { openai } = (await built('openai')) as typeof import('../../src/provider/openai/index.js');

/** One way to read a streamed reply: makes a reader for a server, which resolves to the length of the text. */
export interface StreamContender {
  readonly name: string;
  readonly make: (baseUrl: string) => Promise<() => Promise<number>>;
}

const prompt = 'Say something.';

const lengthOf = async (texts: AsyncIterable<string>): Promise<number> => {
  let length = 0;
  for await (const text of texts) length += text.length;
  return length;
};

export const streamContenders: readonly StreamContender[] = [
  {
    name: 'openai SDK',
    make: async (baseURL) => {
      const { OpenAI } = await import('openai');
      const client = new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 });
      return async () => {
        const chunks = await client.chat.completions.create({
          model: 'gpt-4o-mini',
          messages: [{ role: 'user', content: prompt }],
          stream: true,
          stream_options: { include_usage: true },
        });
        let length = 0;
        for await (const chunk of chunks) length += chunk.choices[0]?.delta.content?.length ?? 0;
        return length;
      };
    },
  },
  {
    name: 'pipewright stream()',
    make: async (baseUrl) => {
      const model = openai('gpt-4o-mini', { apiKey: 'none', baseUrl });
      return () => lengthOf(stream(model, prompt).text);
    },
  },
  {
    name: 'pipewright call',
    make: async (baseUrl) => {
      const model = openai('gpt-4o-mini', { apiKey: 'none', baseUrl });
      return async () => (await model(prompt)).text.length;
    },
  },
  {
    name: 'pipewright stream(), without the SDK',
    make: async (baseUrl) => {
      const model = compatible('vllm', 'gpt-4o-mini', { apiKey: 'none', baseUrl });
      return () => lengthOf(stream(model, prompt).text);
    },
  },
];
