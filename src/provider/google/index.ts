export type { GoogleHeaders } from './client.js';
export { googleEmbedder, type GoogleEmbedderOptions, type GoogleTaskType } from './embedder.js';
export { google, type GoogleOptions } from './google.js';
