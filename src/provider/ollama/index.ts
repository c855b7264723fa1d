export { ollamaEmbedder, type OllamaEmbedderOptions } from './embedder.js';
export { listOllamaModels, type OllamaModel } from './list.js';
export { ollama, type OllamaOptions } from './ollama.js';
