import { describe, expect, it } from 'vitest';
import { agent } from '../agent/index.js';
import { explain } from '../core/index.js';
import { callsTool, scripted, type ScriptTurn, testRun } from '../testing/index.js';
import { tool } from '../tool/index.js';
import { z } from 'zod';
import { supervisor, teamMember } from './index.js';

const dead: ScriptTurn = [{ type: 'throw', error: new Error('I died.') }];
const ask = (name: string, id = name) => callsTool(name, { task: 'Do it.' }, id);

const looked: string[] = [];
const look = tool({ name: 'look', description: '', input: z.object({}), run: () => void looked.push('look') });
const worker = (turns: readonly ScriptTurn[]) => {
  const model = scripted(turns);
  return { model, member: teamMember(agent(model, { name: 'worker', tools: [look] }), { description: 'Works.' }) };
};

describe('supervisor', () => {
  it('lets members work and answers from what they give', async () => {
    const { member } = worker(['Bricks.']);
    const boss = supervisor(scripted([ask('worker'), 'We have bricks.']), [member], { system: 'You build.' });
    expect(await boss('What have we?')).toMatchObject({ text: 'We have bricks.', stopReason: 'answered' });
  });

  it('starts a member that fails again, from where it stood', async () => {
    looked.length = 0;
    const { run, events } = testRun();
    const { member, model } = worker([callsTool('look', {}), dead, 'Bricks.']);
    const boss = supervisor(scripted([ask('worker'), 'Done.']), [member]);
    const { steps } = await boss('Go.', run);
    expect(steps[0]?.results[0]?.output).toMatchObject({ answer: 'Bricks.' });
    expect(looked).toEqual(['look']);
    expect(model.requests).toHaveLength(3);
    expect(events.filter(({ type }) => type === 'warning')).toHaveLength(1);
  });

  it('begins anew with a member that comes no further from where it stood', async () => {
    looked.length = 0;
    const { member } = worker([callsTool('look', {}), dead, dead, 'Bricks.']);
    await supervisor(scripted([ask('worker'), 'Done.']), [member])('Go.');
    const { member: again, model } = worker([callsTool('look', {}), dead, dead, 'Bricks.']);
    await supervisor(scripted([ask('worker'), 'Done.']), [again])('Go.');
    expect(model.requests[2]?.messages).toHaveLength(3);
    expect(model.requests[3]?.messages).toHaveLength(1);
  });

  it('tells its model when a member fails too often, and counts the restarts of all within the window', async () => {
    const { run, clock } = testRun();
    const turns = [ask('worker', 'a'), ask('worker', 'b'), ask('worker', 'c'), 'Given up.'];
    const model = scripted([
      turns[0] as ScriptTurn,
      turns[1] as ScriptTurn,
      async () => {
        await clock.advance(60_000);
        return turns[2] as never;
      },
      'Given up.',
    ]);
    const { member, model: deadModel } = worker([dead, dead, dead, dead, dead, dead]);
    const { steps, text } = await supervisor(model, [member], { restarts: { maxRestarts: 2 } })('Go.', run);
    expect(text).toBe('Given up.');
    expect(steps.map(({ results }) => results[0]?.isError)).toEqual([true, true, true, undefined]);
    // Three tries, one without a restart left, and in the next minute again two restarts until the script is over.
    expect(deadModel.requests).toHaveLength(7);
    expect(steps[1]?.results[0]?.output).toContain('not started again');
  });

  it('fails for its caller where that is asked for, so that one above starts all of it again', async () => {
    const { member } = worker([dead, dead, 'Bricks.']);
    const inner = supervisor(scripted([ask('worker'), ask('worker'), 'We have bricks.']), [member], {
      name: 'site',
      restarts: { maxRestarts: 1, escalateTo: 'caller' },
    });
    const { run, events } = testRun();
    const outer = supervisor(scripted([ask('site'), 'Done.']), [teamMember(inner)]);
    const { steps } = await outer('Go.', run);
    expect(steps[0]?.results[0]?.output).toMatchObject({ answer: 'We have bricks.' });
    expect(JSON.stringify(events.filter(({ type }) => type === 'warning'))).toContain('site failed');
    const { member: hopeless } = worker([dead]);
    const alone = supervisor(scripted([ask('worker')]), [hopeless], {
      restarts: { maxRestarts: 0, escalateTo: 'caller' },
    });
    await expect(alone('Go.')).rejects.toMatchObject({ code: 'member-failed' });
  });

  it('says what it costs at most', () => {
    const { member } = worker([]);
    const boss = supervisor(scripted([]), [member], { maxSteps: 2, restarts: { maxRestarts: 1 } });
    expect(explain(boss).maxModelCalls).toBe(2 + 3 * 20);
  });
});
