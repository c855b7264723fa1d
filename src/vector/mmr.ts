export { diversify, type DiversifyOptions, resolveMmr } from '../core/index.js';
