export { voyageEmbedder, type VoyageEmbedderOptions } from './embedder.js';
export { voyageReranker, type VoyageRerankerOptions } from './rerank.js';
