import { describeAgent } from '../testing/suites/index.js';
import { agent, sourceAgent } from './index.js';

describeAgent('agent', {
  make: (model, parts) => agent(model, parts),
  turns: (acting, end) => [acting, end],
});

describeAgent('sourceAgent', {
  make: (model, parts) => sourceAgent(model, parts),
  turns: (acting, end) => [acting, end],
  task: 'Take a note: what must be written down.',
});
