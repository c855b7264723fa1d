import { answerSchema, objectSchema, textIn, textSchema } from '../../ask/index.js';
import { type Tool, tool } from '../../tool/index.js';
import { toolNameOf } from './tools.js';
import type { McpClient } from './types.js';

/** What a model asks for: a resource, or with an empty address the list of them. */
export interface ResourceToolInput {
  readonly uri: string;
}

const input = answerSchema(
  {
    ...objectSchema({
      uri: { ...textSchema, description: 'Address of a resource. Leave it out to see which there are.' },
    }),
    required: [],
  },
  (value) => ({ value: { uri: textIn(value, 'uri') } }),
);

/**
 * A tool that lets a model list the resources of a server and read them. Costs their text as input tokens of every request behind it.
 * The step throws what the client throws.
 * @example mcpResourceTool(mcpClient({ name: 'wiki', url: 'https://wiki.example.com/mcp' })).name // => 'wiki_resources'
 */
export const mcpResourceTool = (client: McpClient): Tool<ResourceToolInput, unknown> =>
  tool({
    name: toolNameOf(client.name, 'resources'),
    description: `Lists the resources of ${client.name}, or reads one of them.`,
    input,
    isReadOnly: true,
    isOutward: true,
    isUntrusted: true,
    run: async ({ uri }, run) => {
      if (uri === '') return client.resources(run);
      return (await client.read(uri, run)).map(({ id, text }) => ({ uri: id, text }));
    },
  });
