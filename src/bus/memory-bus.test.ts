import { manualClock } from '../testing/index.js';
import { describeMessageBus } from '../testing/suites/index.js';
import { memoryBus } from './index.js';

let clock = manualClock();
describeMessageBus('memoryBus', {
  open: async (options) => {
    clock = manualClock({ nowMs: clock.now() + 1_000 });
    return memoryBus({ ...options, clock });
  },
  elapse: (ms) => clock.advance(ms),
});
