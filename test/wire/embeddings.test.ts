import { describe, expect, it } from 'vitest';
import { createRun } from '../../src/core/index.js';
import { replayServer } from '../../src/testing/index.js';
import { describeWire } from './describe-wire.js';
import { embeddings } from './embeddings.js';
import { recordings } from './recordings.js';

describeWire('embeddings', embeddings);

const answered = recordings.filter((recording) => embeddings.covers(recording) && recording.response.status === 200);

describe.runIf(answered.length > 0)('embeddings: figures', () => {
  it.each(answered.map((recording) => [recording.file, recording] as const))(
    '%s counts its tokens',
    async (_, recording) => {
      await using server = await replayServer([{ ...recording, request: null }]);
      const run = createRun();
      await embeddings.call(recording, server.url, run);
      const { usage } = recording.response.body as { readonly usage: { readonly prompt_tokens: number } };
      expect(run.meter.spent).toMatchObject({ calls: 1, usage: { inputTokens: usage.prompt_tokens, outputTokens: 0 } });
    },
  );
});
