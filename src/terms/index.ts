export { type CountedTerms, termCounter } from './count.js';
export { highlightsOf } from './highlight.js';
