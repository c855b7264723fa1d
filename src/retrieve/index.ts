export { hybrid, type HybridOptions } from './hybrid.js';
export { retriever, type RetrieverOptions, type SearchQuery } from './retriever.js';
