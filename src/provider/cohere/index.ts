export { cohere, type CohereOptions } from './cohere.js';
export { cohereEmbedder, type CohereEmbedderOptions, type CohereInputType } from './embedder.js';
export { cohereReranker, type CohereRerankerOptions, type RerankServer } from './rerank.js';
