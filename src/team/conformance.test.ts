import { agent } from '../agent/index.js';
import { scripted } from '../testing/index.js';
import { describeAgent } from '../testing/suites/index.js';
import { coordinator, handoffs, supervisor, teamMember } from './index.js';

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

const plan = JSON.stringify({ tasks: [{ id: 'write', description: 'Write.', dependsOn: [], worker: 'writing' }] });
describeAgent('coordinator', {
  make: (model, { tools, onState }) => {
    const writer = teamMember(agent(model, { tools, name: 'writer' }), { skills: ['writing'] });
    const settings = { waiting: { maxAttempts: 1 }, onFailure: 'abort' } as const;
    return coordinator(model, [writer], { ...settings, ...(onState === undefined ? {} : { onState }) });
  },
  turns: (acting, end) => [plan, acting, 'It is written.', end],
});
