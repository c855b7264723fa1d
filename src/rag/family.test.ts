import { describeAnswerer } from '../testing/suites/index.js';
import { adaptive, answer, conversational, corrective, multiHopAnswer, reflective } from './index.js';

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
describeAnswerer('adaptive', {
  create: ({ retriever, model }) =>
    adaptive({ plain: answer(retriever, model), careful: corrective(retriever, model) }),
});
describeAnswerer('conversational', { create: ({ retriever, model }) => conversational(answer(retriever, model)) });
describeAnswerer('multi-hop', { create: ({ retriever, model }) => multiHopAnswer(answer(retriever, model)) });
const inTwo = (question: string) => ({
  question,
  analysis: 'Asked twice.',
  parts: ['a', 'b'].map((id) => ({ id, question, needs: id === 'b' ? ['a'] : [] })),
});
describeAnswerer('multi-hop in two parts', {
  create: ({ retriever, model }) => multiHopAnswer(answer(retriever, model), { plan: inTwo }),
});
describeAnswerer('multi-hop in two parts that a model puts together', {
  create: ({ retriever, model }) => multiHopAnswer(answer(retriever, model), { plan: inTwo, model }),
});
describeAnswerer('everything at once', {
  create: ({ retriever, model }) =>
    conversational(
      adaptive({ careful: reflective(corrective(retriever, model)), parts: multiHopAnswer(answer(retriever, model)) }),
    ),
});
