import { PipewrightError, type Run } from '../core/index.js';
import { answerSchema, listSchema, objectSchema, textIn, textSchema, textsIn } from '../ask/index.js';
import { type Tool, tool } from '../tool/index.js';
import { type Colleague, colleagueKey } from './colleague.js';

const selfIn = (run: Run): Colleague => {
  const self = run.get(colleagueKey);
  if (self !== undefined) return self;
  throw new PipewrightError('not-allowed', 'This agent works for no team: `joinTeam` makes it a member of one.');
};

const helpInput = answerSchema(
  objectSchema({
    task: { ...textSchema, description: 'What to do, with all that must be known for it.' },
    skills: { ...listSchema(textSchema), description: 'What one who does it must be able to do; may be empty.' },
  }),
  (value) => {
    const task = textIn(value, 'task');
    return task === ''
      ? { issues: ['task: must say what to do'] }
      : { value: { task, skills: textsIn(value, 'skills') ?? [] } };
  },
);

const noteInput = answerSchema(objectSchema({ key: textSchema, text: textSchema }), (value) => {
  const note = { key: textIn(value, 'key'), text: textIn(value, 'text') };
  return note.key === '' ? { issues: ['key: must say what the note is about'] } : { value: note };
});

const nothing = answerSchema(objectSchema({}), () => ({ value: {} }));

const askForHelp = () =>
  tool({
    name: 'ask_for_help',
    description: 'Asks the other members of the team to do a task; one of them does it and its answer comes back.',
    input: helpInput,
    timeoutMs: 600_000,
    isUntrusted: true,
    run: async (needs, run) => {
      const { member, reply } = await selfIn(run).callForHelp(needs, run);
      if (reply.status === 'done') return { from: member ?? '', answer: reply.output ?? reply.text };
      const why = reply.status === 'paused' ? `${member} waits for a person to approve of something.` : reply.reason;
      throw new PipewrightError('member-failed', `Nobody could help: ${why}`);
    },
  });

const shareNote = () =>
  tool({
    name: 'share_note',
    description: 'Lets all members of the team know something; a note about the same key is replaced.',
    input: noteInput,
    run: async ({ key, text }, run) => selfIn(run).share(key, text, run),
  });

const readNotes = () =>
  tool({
    name: 'read_notes',
    description: 'What the members of the team have shared so far.',
    input: nothing,
    isReadOnly: true,
    isUntrusted: true,
    run: (_, run) =>
      selfIn(run)
        .notes()
        .map(({ key, text, from }) => ({ key, text, from })),
  });

/**
 * Tools by which an agent works with the team that it has joined: `ask_for_help`, `share_note`, `read_notes`. They work for a member
 * that joined with `joinTeam`; anywhere else they say so.
 * @example teamTools().map(({ name }) => name) // => ['ask_for_help', 'share_note', 'read_notes']
 */
export const teamTools = (): readonly Tool[] => [askForHelp(), shareNote(), readNotes()];
