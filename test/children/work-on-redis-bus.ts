import { redisBus, redisStore } from 'pipewright/redis';

/**
 * Works under the name `worker` until it gets a `stop`. Requests are answered with the id of the process. A `hang` is counted
 * in the store, told on the output, and never done where it comes for the first time.
 */
const [, , url = '', prefix = ''] = process.argv;
const store = await redisStore({ url, prefix });
const bus = await redisBus({ url, prefix });
const worker = await bus.join('worker', { leaseMs: 600 });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say('joined');
for await (const { message, attempt, reply, ack } of worker.receive()) {
  if (message.type === 'stop') {
    await ack();
    break;
  }
  if (message.type === 'hang') {
    const effect = { type: 'put', key: `effect/${process.pid}`, value: Buffer.from('x') } as const;
    const isFirst = await store.compareAndSet(`done/${message.id}`, undefined, Buffer.from('1'), { also: [effect] });
    say(`attempt ${attempt}, ${isFirst ? 'counted' : 'was counted before'}`);
    if (attempt === 1) await new Promise(() => undefined);
  }
  await reply(process.pid);
}
await bus.close();
await store.close();
