/** Steps for kinds of problems, in the order in which they are taken. */
const known = {
  'problem-solving': [
    'State what is given and what is asked.',
    'Choose a way that leads there.',
    'Work it out one small step at a time, with every intermediate result.',
    'Check the result against what was asked.',
  ],
  debugging: [
    'Say what was expected and what happened instead.',
    'Follow the code or the events up to the first place where the two part.',
    'Name possible causes, and for each what would show that it is the one.',
    'Keep the cause that explains everything that was seen.',
    'Say what to change, and how to see that it is mended.',
  ],
  'data-analysis': [
    'Say what the data hold: fields, units, size, gaps.',
    'Say which figures would answer the question.',
    'Compute them one at a time, with every intermediate result.',
    'Look for what could mislead: outliers, small counts, mixed groups.',
    'Say what the figures show, and what they do not.',
  ],
} as const;

/** A kind of problem with steps of its own. */
export type ThoughtForm = keyof typeof known;

/** The steps of a form, or those that were given. */
export const stepsOf = (steps: ThoughtForm | readonly string[]): readonly string[] =>
  typeof steps === 'string' ? known[steps] : steps;

export const isThoughtForm = (name: string): name is ThoughtForm => Object.hasOwn(known, name);

/** The names of the forms. */
export const thoughtForms: readonly string[] = Object.keys(known);
