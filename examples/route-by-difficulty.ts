// Easy questions to a small model, hard ones to a large one, and a second look where the answer is unsure. npx tsx examples/route-by-difficulty.ts
import { createRun } from 'pipewright';
import { cascade, difficulty, modelRegistry, router } from 'pipewright/model';
import { scripted } from 'pipewright/testing';

const model = (id: string) =>
  scripted([(request) => `${id} answers: ${request.messages.at(-1)?.content}`], { id, shouldRepeat: true });
const small = model('small');
const large = model('large');

// By the question: no call is made to decide.
const route = router([small, large]);
const run = createRun({
  on: (event) => {
    if (event.type === 'choice-made') console.log(`  -> ${event.chosen}: ${event.reason}`);
  },
});
for (const question of ['Who wrote Faust?', 'Prove that there are infinitely many primes, then compare two proofs.']) {
  console.log(question);
  await route(question, run);
}

// It learns from outcomes: here the small model gets questions about invoices wrong.
const learner = difficulty();
const own = router([small, large], { difficulty: learner });
console.log(`before  ${own.explain('Is invoice 7 paid?').id}`);
for (let at = 0; at < 60; at++) {
  own.learn({ input: `Is invoice ${at} paid?`, wasGood: false, id: 'small' });
  own.learn({ input: 'Thank you!', wasGood: true, id: 'small' });
}
console.log(`after   ${own.explain('Is invoice 7 paid?').id}, error ${learner.calibration().expectedError.toFixed(2)}`);

// By the answer: the small model is asked first, and says when it does not know.
const unsure = cascade([scripted(["I don't know."], { id: 'small' }), scripted(['Ulaanbaatar.'], { id: 'large' })]);
console.log(`cascade ${(await unsure('Capital of Mongolia?', run)).text}`);

// By what is known of the models: the cheapest one that can see pictures.
const registry = modelRegistry([
  { model: scripted([], { id: 'text-only', features: { images: false } }), price: { input: 0.1, output: 0.4 } },
  { model: scripted([], { id: 'sees' }), price: { input: 1, output: 4 } },
  { model: scripted([], { id: 'sees-better' }), price: { input: 3, output: 15 } },
]);
console.log(`picture ${registry.choose({ features: ['images'], weights: { cost: 5 } }).id}`);
