export { extractive, type ExtractiveOptions } from './extractive.js';
