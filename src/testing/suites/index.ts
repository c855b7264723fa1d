export { type AnswererSuite, describeAnswerer } from './answerer.js';
export { type ChatModelSuite, describeChatModel } from './chat-model.js';
export { describeEmbedder, type EmbedderSuite } from './embedder.js';
export { describeKeywordIndex, type KeywordIndexSuite } from './keyword-index.js';
export type { KeywordIndexSupport } from './keyword-index-options.js';
export { describeReranker, type RerankerSuite } from './reranker.js';
export { describeRetriever, type RetrieverSuite } from './retriever.js';
export { describeStore, type StoreSuite } from './store.js';
export { describeVectorStore, type VectorStoreSuite, type VectorStoreSuiteOptions } from './vector-store.js';
