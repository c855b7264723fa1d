import { describeKeywordIndex } from '../testing/suites/index.js';
import { bm25 } from './index.js';
describeKeywordIndex('bm25 in memory', { open: () => bm25() });
