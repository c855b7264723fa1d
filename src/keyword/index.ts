export { bm25, type Bm25Options } from './bm25.js';
