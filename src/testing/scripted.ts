import { assertNever, PipewrightError, type Run, sleep, type Usage } from '../core/index.js';
import {
  type ChatModel,
  type ChatRequest,
  chatModel,
  type FinishReason,
  type ModelEvent,
  type ModelFeatures,
  type ModelLimits,
  type ModelPrice,
} from '../model/index.js';

/** One thing that a scripted model does within a turn. */
export type ScriptAction =
  | ModelEvent
  /** Waits on the run's clock; aborting the run ends the wait. */
  | { readonly type: 'wait'; readonly ms: number }
  /** Never answers; only aborting the run ends it. */
  | { readonly type: 'stall' }
  | { readonly type: 'throw'; readonly error: unknown };

/** A turn: text to stream word by word, exact actions, or a function of the request. */
export type ScriptTurn =
  | string
  | readonly ScriptAction[]
  | ((request: ChatRequest, run: Run) => string | readonly ScriptAction[] | Promise<string | readonly ScriptAction[]>);

export interface ScriptedOptions {
  /** @default 'scripted' */
  readonly id?: string;
  /** @default everything but citations */
  readonly features?: Partial<ModelFeatures>;
  readonly limits?: ModelLimits;
  /** @default free */
  readonly price?: ModelPrice;
  /** Start again with the first turn when the script is used up. @default false */
  readonly shouldRepeat?: boolean;
}

export interface ScriptedModel extends ChatModel {
  /** What it was asked, call by call. */
  readonly requests: readonly ChatRequest[];
}

const allFeatures: ModelFeatures = {
  tools: true,
  jsonSchema: true,
  images: true,
  jsonSchemaWithTools: true,
  files: true,
  audio: true,
  reasoning: true,
  citations: false,
  logProbs: true,
};

/** The actions of a text: one delta a word, figures, and the end. */
const actionsOf = (text: string): readonly ScriptAction[] => {
  const words = text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text === '' ? [] : [text]);
  const usage: Usage = { inputTokens: 1, outputTokens: words.length };
  return [
    ...words.map((word): ScriptAction => ({ type: 'text-delta', text: word })),
    { type: 'usage', usage },
    finish('stop'),
  ];
};

const finish = (reason: FinishReason): ScriptAction => ({ type: 'finish', reason });

/**
 * The actions of a turn that calls one tool.
 * @example callsTool('add', { a: 1, b: 2 }).at(-1) // => { type: 'finish', reason: 'tool-call' }
 */
export const callsTool = (name: string, input: unknown, id = `call_${name}`): readonly ScriptAction[] => [
  { type: 'tool-call-delta', key: id, id, name, text: JSON.stringify(input) },
  { type: 'usage', usage: { inputTokens: 1, outputTokens: 1 } },
  finish('tool-call'),
];

async function* play(actions: readonly ScriptAction[], run: Run): AsyncGenerator<ModelEvent, void, undefined> {
  for (const action of actions) {
    // A real model hands over each event in a later turn of the event loop; so does this one.
    await Promise.resolve();
    run.throwIfAborted();
    switch (action.type) {
      case 'wait':
        await sleep(action.ms, run);
        break;
      case 'stall':
        await sleep(Number.POSITIVE_INFINITY, run);
        break;
      case 'throw':
        throw action.error;
      case 'response-start':
      case 'text-delta':
      case 'reasoning-delta':
      case 'reasoning-end':
      case 'tool-call-delta':
      case 'citation':
      case 'part':
      case 'log-probs':
      case 'usage':
      case 'finish':
        yield action;
        break;
      default:
        assertNever(action);
    }
  }
}

/**
 * A chat model that plays a script, one turn a call: for tests without a network.
 * A call beyond the script fails with `bad-input`.
 * @example (await scripted(['Hello there'])('Hi')).text // => 'Hello there'
 */
export const scripted = (turns: readonly ScriptTurn[], options: ScriptedOptions = {}): ScriptedModel => {
  const { id = 'scripted', features, limits = {}, price = { input: 0, output: 0 }, shouldRepeat = false } = options;
  const requests: ChatRequest[] = [];
  const stream = async function* (request: ChatRequest, run: Run): AsyncGenerator<ModelEvent, void, undefined> {
    const index = shouldRepeat ? requests.length % turns.length : requests.length;
    requests.push(request);
    const turn = turns[index];
    if (turn === undefined) {
      throw new PipewrightError(
        'bad-input',
        `The script of \`${id}\` has ${turns.length} turns and this is call ${requests.length}. Add a turn, or set shouldRepeat.`,
      );
    }
    const actions = typeof turn === 'function' ? await turn(request, run) : turn;
    yield* play(typeof actions === 'string' ? actionsOf(actions) : actions, run);
  };
  const model = chatModel({
    id,
    model: id,
    provider: 'scripted',
    features: { ...allFeatures, ...features },
    limits,
    price,
    stream,
  });
  return Object.defineProperty(model, 'requests', { value: requests, enumerable: true }) as ScriptedModel;
};
