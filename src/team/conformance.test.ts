import { agent } from '../agent/index.js';
import { scripted } from '../testing/index.js';
import { describeAgent } from '../testing/suites/index.js';
import { handoffs, supervisor, teamMember } from './index.js';

describeAgent('handoffs', {
  make: (model, { tools, ...settings }) => {
    const desk = { model, description: 'Writes.', options: { tools } };
    const other = { model: scripted([]), description: 'Does nothing.' };
    return handoffs({ desk, other }, settings);
  },
  turns: (acting, end) => [acting, end],
});

describeAgent('supervisor', {
  make: (model, parts) => supervisor(model, [teamMember(agent(scripted([])), { name: 'idle' })], parts),
  turns: (acting, end) => [acting, end],
});
