/**
 * Sorts e-mails, answers each by its kind, and leaves to a person what is unsure. Run: npx tsx examples/email-classifier.ts
 * Without a key it uses a classifier fitted to the examples below; with OPENAI_API_KEY a model reads the e-mails.
 */
import { route } from 'pipewright';
import { openai } from 'pipewright/openai';
import { chooseBy, classify, fitClassifier, mapSettled } from 'pipewright/task';

const examples = [
  { label: 'billing', text: 'I was charged twice for my subscription this month.' },
  { label: 'billing', text: 'Please send me the invoice for my last payment.' },
  { label: 'billing', text: 'How long until the refund is on my card?' },
  { label: 'billing', text: 'The amount on the invoice is wrong, please refund the difference.' },
  { label: 'billing', text: 'My payment failed but the money left my account.' },
  { label: 'delivery', text: 'Where is my parcel? The tracking has not moved for days.' },
  { label: 'delivery', text: 'The package arrived damaged.' },
  { label: 'delivery', text: 'Can you deliver the order to another address?' },
  { label: 'delivery', text: 'My parcel was delivered to the wrong house.' },
  { label: 'delivery', text: 'The courier never came, when will you ship it again?' },
  { label: 'bug', text: 'The app crashes when I open the settings.' },
  { label: 'bug', text: 'I get an error message when I log in.' },
  { label: 'bug', text: 'The page stays blank after the update.' },
  { label: 'bug', text: 'Search shows an error since yesterday, the app freezes.' },
  { label: 'bug', text: 'The login button does not work on my phone.' },
] as const;

const inbox = [
  'Hello, my card was charged twice, I would like a refund please.',
  'The parcel has been on its way for two weeks and tracking shows nothing.',
  'Since the update the app crashes with an error.',
  'Greetings from the mountains!',
];

const fitted = await fitClassifier(examples);
const { accuracy, expectedError } = fitted.report;
console.log(
  `fitted to ${examples.length} e-mails: ${(accuracy * 100).toFixed(0)} % of those left out are right, calibration error ${expectedError.toFixed(2)}`,
);

const classifier =
  process.env.OPENAI_API_KEY === undefined
    ? fitted
    : classify(openai('gpt-5-mini'), [
        { name: 'billing', description: 'charges, invoices, refunds' },
        { name: 'delivery', description: 'parcels, addresses, damage on the way' },
        { name: 'bug', description: 'something does not work' },
      ]);

const sorted = await mapSettled(classifier)(inbox);
for (const each of sorted) {
  if (!each.isDone) console.log(`failed    ${inbox[each.index]}: ${String(each.error)}`);
  else console.log(`${each.value.label.padEnd(9)} ${each.value.confidence.toFixed(2)} ${inbox[each.index]}`);
}

const desk = route(chooseBy(classifier, { otherwise: 'person' }), {
  billing: () => 'goes to the till',
  delivery: () => 'goes to the warehouse',
  bug: () => 'goes to the workshop',
  person: () => 'is read by a person',
});
for (const mail of inbox) console.log(`"${mail.slice(0, 40)}…" ${await desk(mail)}`);
