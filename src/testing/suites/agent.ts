import { describe, expect, it } from 'vitest';
import type { Agent, AgentInput, AgentState } from '../../agent/index.js';
import { answerSchema, objectSchema, textIn, textSchema } from '../../ask/index.js';
import {
  createRun,
  fromJson,
  type Message,
  pairedMessages,
  type Run,
  sleep,
  toJson,
  withoutText,
} from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';
import { type Tool, tool } from '../../tool/index.js';
import { callsTool, type ScriptAction, scripted, type ScriptedModel, type ScriptTurn } from '../scripted.js';

/** What an agent under test is made of. */
export interface AgentParts {
  readonly tools: readonly Tool[];
  readonly onState?: (state: AgentState, run: Run) => void | Promise<void>;
}

export interface AgentSuite {
  /** Makes the agent, with this model in all its roles, and one thing at a time. */
  readonly make: (model: ChatModel, parts: AgentParts) => Agent<unknown>;
  /**
   * What the model says, turn by turn, while the agent does the task with one turn that calls tools (`acting`), and ends with the
   * text `end`.
   */
  readonly turns: (acting: ScriptTurn, end: string) => readonly ScriptTurn[];
  /** The turns for a model that cannot call tools, where they differ in more than `acting`. @default as `turns` */
  readonly textTurns?: AgentSuite['turns'];
  readonly task?: AgentInput;
}

const noteInput = answerSchema(objectSchema({ text: textSchema }), (value) => ({
  value: { text: textIn(value, 'text') },
}));

interface Notebook {
  readonly notes: readonly string[];
  readonly tool: Tool;
}

/** A tool with an effect that can be counted. */
const notebook = (during: (text: string, run: Run) => void | Promise<void> = () => undefined): Notebook => {
  const notes: string[] = [];
  const write = tool({
    name: 'note',
    description: 'Writes something down.',
    input: noteInput,
    run: async ({ text }: { readonly text: string }, run) => {
      notes.push(text);
      await during(text, run);
      return `Noted: ${text}.`;
    },
  });
  return { notes, tool: write as unknown as Tool };
};

const end = 'All is written down.';
const one: ScriptTurn = callsTool('note', { text: 'one' });
const two: readonly ScriptAction[] = [
  { type: 'tool-call-delta', key: 'a', id: 'a', name: 'note', text: '{"text":"one"}' },
  { type: 'tool-call-delta', key: 'b', id: 'b', name: 'note', text: '{"text":"two"}' },
  { type: 'finish', reason: 'tool-call' },
];

const throughJson = (state: AgentState): AgentState =>
  fromJson(JSON.parse(JSON.stringify(toJson(state)))) as AgentState;

/** A strict server refuses a history in which a call has no result, or a result no call. */
const expectPaired = (messages: readonly Message[]): void => expect(pairedMessages(messages)).toEqual(messages);
const expectStrict = ({ requests }: ScriptedModel): void => {
  for (const { messages } of requests) expectPaired(messages);
};

const requestsOf = ({ requests }: ScriptedModel): readonly string[] =>
  requests.map(({ messages, tools }) => JSON.stringify({ messages, tools }));

/** What every kind of agent must do. Run it in a vitest file of the kind. */
export const describeAgent = (name: string, suite: AgentSuite): void => {
  const { make, turns, textTurns = turns, task = 'Write down what must be written down.' } = suite;

  /** A whole run of the task, with every state that was told and how often the model had been asked by then. */
  const recorded = async (acting: ScriptTurn, book: Notebook) => {
    const model = scripted(turns(acting, end));
    const states: { readonly state: AgentState; readonly asked: number; readonly notes: number }[] = [];
    const onState = (state: AgentState): void => {
      states.push({ state: throughJson(state), asked: model.requests.length, notes: book.notes.length });
    };
    const result = await make(model, { tools: [book.tool], onState })(task);
    return { model, states, result };
  };

  describe(`${name} as an agent`, () => {
    it('does the task, and says what it took and why it stopped', async () => {
      const book = notebook();
      const { model, states, result } = await recorded(one, book);
      expect(result).toMatchObject({ text: end, stopReason: 'answered', waiting: [] });
      expect(book.notes).toEqual(['one']);
      expect(result.usage.outputTokens).toBeGreaterThan(0);
      expect(model.requests).toHaveLength(turns(one, end).length);
      expectPaired(result.messages);
      expectStrict(model);
      expect(states.length).toBeGreaterThan(1);
      expect(throughJson(result.state)).toEqual(JSON.parse(JSON.stringify(result.state)));
    });

    it.each(['ignores', 'throws'])('Q02 stops when it is aborted inside a tool that %s it', async (how) => {
      const control = new AbortController();
      const reason = new Error('Enough.');
      const book = notebook(async (_, run) => {
        control.abort(reason);
        if (how === 'throws') run.throwIfAborted();
      });
      const model = scripted(turns(one, end));
      const at: number[] = [];
      const run = createRun({
        signal: control.signal,
        on: ({ type }) => type === 'tool-call' && at.push(model.requests.length),
      });
      await expect(make(model, { tools: [book.tool] })(task, run)).rejects.toBe(reason);
      const asked = model.requests.length;
      await sleep(5, createRun());
      expect(model.requests).toHaveLength(asked);
      expect(asked).toBeLessThan(turns(one, end).length);
    });

    it('Q03 leaves a history that a strict server takes, wherever it is aborted', async () => {
      const { states } = await recorded(two, notebook());
      for (let stop = 1; stop <= states.length; stop++) {
        const control = new AbortController();
        let told = 0;
        let last: AgentState | undefined;
        const onState = (state: AgentState): void => {
          last = state;
          if (++told === stop) control.abort();
        };
        const model = scripted(turns(two, end));
        const run = createRun({ signal: control.signal });
        await make(model, { tools: [notebook().tool], onState })(task, run).catch(() => undefined);
        expectStrict(model);
        if (last === undefined) throw new Error('No state was told.');
        const again = scripted(turns(two, end).slice(model.requests.length));
        await make(again, { tools: [notebook().tool] })({ state: throughJson(last) }).catch(() => undefined);
        expectStrict(again);
      }
    });

    it('Q10 settles whichever call of its model fails: with the failure, or with what it came to after another try', async () => {
      const all = turns(one, end);
      for (let at = 0; at < all.length; at++) {
        const failing = [...all.slice(0, at), [{ type: 'throw', error: new Error(`Call ${at} failed.`) } as const]];
        const model = scripted([...failing, ...all.slice(at + 1)]);
        const outcome = await make(model, { tools: [notebook().tool] })(task).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome.message).toContain(`Call ${at} failed.`);
        else expect(outcome).toMatchObject({ stopReason: expect.stringMatching(/^(?:answered|stopped)$/u) });
        expect(model.requests.length).toBeLessThanOrEqual(all.length);
      }
    });

    it('Q12 runs no tool of a reply that was cut', async () => {
      const cut: readonly ScriptAction[] = [
        { type: 'tool-call-delta', key: 'a', id: 'a', name: 'note', text: '{"text":"one"}' },
        { type: 'finish', reason: 'length' },
      ];
      const book = notebook();
      const model = scripted(turns(cut, end));
      await make(model, { tools: [book.tool] })(task).catch(() => undefined);
      expect(book.notes).toEqual([]);
      expectStrict(model);
    });

    it('Q13 does the same whatever pieces a call comes in', async () => {
      const text = '{"text":"one"}';
      const whole = await recorded(one, notebook());
      for (const size of [1, 3, text.length]) {
        const pieces = text.match(new RegExp(`.{1,${size}}`, 'gu')) ?? [];
        const acting: readonly ScriptAction[] = [
          { type: 'tool-call-delta', key: 'k', id: 'call_note', name: 'note', text: '' },
          ...pieces.map((piece) => ({ type: 'tool-call-delta', key: 'k', text: piece }) as ScriptAction),
          { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } },
          { type: 'finish', reason: 'tool-call' },
        ];
        const book = notebook();
        const { model, result } = await recorded(acting, book);
        expect(book.notes).toEqual(['one']);
        expect(result.messages).toEqual(whole.result.messages);
        expect(requestsOf(model)).toEqual(requestsOf(whole.model));
      }
    });

    it('Q21 asks the same in the same bytes, whichever tool ends first', async () => {
      const late = (slow: string) =>
        notebook(async (text) => {
          for (let turn = 0; turn < (text === slow ? 20 : 0); turn++) await Promise.resolve();
        });
      const first = await recorded(two, late('one'));
      const second = await recorded(two, late('two'));
      expect(requestsOf(first.model)).toEqual(requestsOf(second.model));
      expect(first.result.messages).toEqual(second.result.messages);
    });

    it('Q25 goes on from every state that it told, and does and pays nothing twice', async () => {
      const book = notebook();
      const { states, result } = await recorded(one, book);
      for (const { state, asked, notes } of states) {
        const rest = notebook();
        const model = scripted(turns(one, end).slice(asked));
        const again = await make(model, { tools: [rest.tool] })({ state });
        expect([again.text, again.stopReason]).toEqual([result.text, result.stopReason]);
        expect(model.requests).toHaveLength(turns(one, end).length - asked);
        expect(rest.notes).toHaveLength(1 - notes);
        expect(again.usage.outputTokens).toBe(result.usage.outputTokens);
      }
    });

    it('Q28 works with a model that cannot call tools', async () => {
      const acting = 'I write it down.\n<tool_call>\n{"name": "note", "arguments": {"text": "one"}}\n</tool_call>';
      const book = notebook();
      const model = scripted(textTurns(acting, end), { features: { tools: false } });
      const result = await make(model, { tools: [book.tool] })(task);
      expect([result.text, book.notes]).toEqual([end, ['one']]);
    });

    it('tells nothing to a run that is silent, and the same result', async () => {
      const model = scripted(turns(one, end));
      const result = await make(model, { tools: [notebook().tool] })(task, withoutText(createRun()));
      expect(result.text).toBe(end);
    });
  });
};
