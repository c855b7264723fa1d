export { describeStore, type StoreSuite } from './store.js';
