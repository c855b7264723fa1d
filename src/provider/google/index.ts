export { google, type GoogleOptions } from './google.js';
