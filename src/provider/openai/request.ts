export { isStrictSchema } from '../shared/index.js';
