import { bm25 } from 'pipewright/keyword';
import { localEmbedder } from 'pipewright/model';
import { messageLog } from 'pipewright/conversation';
import { scoped } from 'pipewright/store';
import { describeMemory } from 'pipewright/testing/suites';
import { hnsw } from 'pipewright/vector';
import {
  bufferMemory,
  composeMemory,
  episodicMemory,
  factMemory,
  summaryBufferMemory,
  summaryMemory,
  tokenMemory,
  vectorMemory,
  windowMemory,
  type WorkingMemory,
  workingMemory,
} from './index.js';

describeMemory('bufferMemory', {
  open: (store) => bufferMemory({ log: messageLog({ store }) }),
  belongsTo: 'conversation',
});
describeMemory('windowMemory', {
  open: (store) => windowMemory({ log: messageLog({ store }), maxTurns: 12 }),
  belongsTo: 'conversation',
});
describeMemory('tokenMemory', {
  open: (store) => tokenMemory({ log: messageLog({ store }), maxTokens: 2_000 }),
  belongsTo: 'conversation',
});
describeMemory('summaryMemory', {
  open: (store) => summaryMemory({ store, batchTokens: 60, summaryTokens: 400 }),
  belongsTo: 'conversation',
});
describeMemory('summaryBufferMemory', {
  open: (store) => summaryBufferMemory({ store, batchTokens: 60, keepTokens: 100, summaryTokens: 400 }),
  belongsTo: 'conversation',
});
describeMemory('vectorMemory', {
  open: async (store) =>
    vectorMemory(
      await hnsw({ embedder: localEmbedder({ dimensions: 64 }), engine: 'exact', store: scoped(store, 'vectors') }),
      { keywords: await bm25({ store: scoped(store, 'keywords') }) },
    ),
  belongsTo: 'user',
});
describeMemory('episodicMemory', {
  open: async (store) => episodicMemory(await bm25({ store: scoped(store, 'keywords') })),
  belongsTo: 'user',
});
describeMemory('factMemory', { open: (store) => factMemory({ store }), belongsTo: 'user' });
describeMemory('workingMemory', {
  open: (store) => workingMemory({ store }),
  tell: async (memory, text, scope, run) => {
    await (memory as WorkingMemory).set(text.slice(0, 60), text, {}, scope, run);
  },
  belongsTo: 'conversation',
});
describeMemory('composeMemory', {
  open: async (store) =>
    composeMemory([
      windowMemory({ log: messageLog({ store }), maxTurns: 20 }),
      episodicMemory(await bm25({ store: scoped(store, 'keywords') })),
    ]),
  belongsTo: 'user',
});
