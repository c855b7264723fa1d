import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createRun, inspect, stream, user, yieldToEventLoop } from '../../core/index.js';
import type { ChatModel } from '../../model/index.js';

export interface ChatModelSuite {
  /** A model that answers any question with a text of some words. */
  readonly create: () => ChatModel | Promise<ChatModel>;
  /** A model that never finishes its answer, for the tests of cancelling. Left out, they are left out. */
  readonly createStalling?: () => ChatModel | Promise<ChatModel>;
}

const listenersOn = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

/** What every `ChatModel` must do. Run it in a vitest file of the implementation. */
export const describeChatModel = (name: string, suite: ChatModelSuite): void => {
  describe(`${name} as a chat model`, () => {
    describeReplies(suite);
    describeRefusals(suite);
    describeCancelling(suite);
  });
};

const describeReplies = ({ create }: ChatModelSuite): void => {
  it('says who it is, and shows as a step without being called', async () => {
    const model = await create();
    for (const text of [model.id, model.model, model.provider]) expect(text).not.toBe('');
    expect(inspect(model)).toMatchObject({ kind: expect.any(String), name: expect.any(String) });
    expect(Object.values(model.features).every((feature) => typeof feature === 'boolean')).toBe(true);
  });

  it('answers a text, messages and a whole request', async () => {
    const model = await create();
    for (const input of ['Hi', [user('Hi')], { messages: [user('Hi')] }]) {
      const reply = await model(input);
      expect(reply.text).not.toBe('');
      expect(reply.finishReason).toBe('stop');
      expect(reply.message.role).toBe('assistant');
      expect(reply.model).not.toBe('');
      for (const { start, end } of reply.citations)
        expect(start >= 0 && end <= reply.text.length && start <= end).toBe(true);
    }
  });

  it('streams the text that it returns', async () => {
    const model = await create();
    const watched = stream(model, 'Hi');
    let text = '';
    for await (const delta of watched.text) text += delta;
    expect(text).toBe((await watched.result).text);
  });

  it('counts one call in the run, with the usage of the reply', async () => {
    const model = await create();
    const run = createRun();
    const { usage } = await model('Hi', run);
    expect(run.meter.spent.calls).toBe(1);
    expect(run.meter.spent.usage).toMatchObject({ inputTokens: usage.inputTokens, outputTokens: usage.outputTokens });
  });

  it('reports its usage once', async () => {
    const model = await create();
    const types: string[] = [];
    await model('Hi', createRun({ on: (event) => types.push(event.type) }));
    expect(types.filter((type) => type === 'usage')).toHaveLength(1);
  });

  it('answers many calls at once', async () => {
    const model = await create();
    const replies = await Promise.all(Array.from({ length: 10 }, () => model('Hi')));
    expect(replies.every(({ finishReason }) => finishReason === 'stop')).toBe(true);
  });

  it('does not write to its input', async () => {
    const model = await create();
    const request = Object.freeze({ messages: Object.freeze([Object.freeze(user('Hi'))]) });
    await expect(model(request)).resolves.toBeDefined();
  });
};

const describeRefusals = ({ create }: ChatModelSuite): void => {
  it('refuses a request without messages', async () => {
    await expect((await create())([])).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('refuses what it cannot do, or does it', async () => {
    const model = await create();
    const tools = [{ name: 'add', description: 'Adds', inputSchema: { type: 'object', properties: {} } }];
    const call = model({ messages: [user('Hi')], tools });
    if (model.features.tools) await expect(call).resolves.toBeDefined();
    else await expect(call).rejects.toMatchObject({ code: 'unsupported' });
  });

  it('keeps to a budget of no calls', async () => {
    const run = createRun({ budget: { maxCalls: 0 } });
    await expect((await create())('Hi', run)).rejects.toMatchObject({ code: 'budget-exceeded' });
  });
};

const describeCancelling = ({ create, createStalling }: ChatModelSuite): void => {
  it('rejects with the reason of a run that is aborted already', async () => {
    const reason = new Error('too late');
    const run = createRun({ signal: AbortSignal.abort(reason) });
    await expect((await create())('Hi', run)).rejects.toBe(reason);
    expect(run.meter.spent.calls).toBe(0);
  });

  it('leaves no listener on the signal of its caller', async () => {
    const model = await create();
    const { signal } = new AbortController();
    for (let call = 0; call < 5; call += 1) await model('Hi', createRun({ signal }));
    expect(listenersOn(signal)).toBe(0);
  });

  it.runIf(createStalling !== undefined)(
    'rejects with the reason of a run that is aborted while it answers',
    async () => {
      const model = await createStalling?.();
      const control = new AbortController();
      const run = createRun({ signal: control.signal });
      const outcome = model?.('Hi', run).catch((error: unknown) => error);
      await yieldToEventLoop();
      const reason = new Error('enough');
      control.abort(reason);
      expect(await outcome).toBe(reason);
      expect(listenersOn(control.signal)).toBe(0);
      expect(run.meter.spent.calls).toBe(1);
    },
  );
};
