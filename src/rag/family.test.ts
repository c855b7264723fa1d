import { describeAnswerer } from '../testing/suites/index.js';
import { answer, corrective, reflective } from './index.js';

// Every member gives the same form, so that one can stand for another.
describeAnswerer('answer', { create: ({ retriever, model }) => answer(retriever, model) });
describeAnswerer('answer that reads in parts', {
  create: ({ retriever, model }) => answer(retriever, model, { combine: 'map-reduce', maxSourceTokens: 60 }),
});
describeAnswerer('answer that refines', {
  create: ({ retriever, model }) => answer(retriever, model, { combine: 'refine', maxSourceTokens: 60 }),
});
describeAnswerer('reflective', {
  create: ({ retriever, model }) => reflective(answer(retriever, model), { minScore: 2 }),
});
describeAnswerer('reflective that hides', {
  create: ({ retriever, model }) => reflective(answer(retriever, model), { minScore: 2, onRejected: 'hide' }),
});
describeAnswerer('corrective', { create: ({ retriever, model }) => corrective(retriever, model) });
describeAnswerer('reflective over corrective', {
  create: ({ retriever, model }) => reflective(corrective(retriever, model)),
});
