/**
 * An agent that works on a goal by itself, on disk: it plans, reads notes, pauses for a person before it writes one, is closed in
 * the middle, and goes on from there in another agent, as it would in another process.
 * Without a key a script plays the model; with OPENAI_API_KEY a model works. Run: npx tsx examples/autonomous-agent.ts
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRun } from 'pipewright';
import { agent, autonomousAgent, type AutonomousAgent } from 'pipewright/agent';
import type { ChatModel } from 'pipewright/model';
import { openai } from 'pipewright/openai';
import { diskStore } from 'pipewright/store';
import { callsTool, scripted } from 'pipewright/testing';
import { policy, tool, toolbox } from 'pipewright/tool';
import { z } from 'zod';

const notes = new Map([
  ['monday', 'The pump ran hot: 81 °C.'],
  ['tuesday', 'The pump ran at 64 °C. Filter changed in the morning.'],
]);
const readNote = tool({
  name: 'read_note',
  description: `Reads the note of a day: ${[...notes.keys()].join(', ')}.`,
  input: z.object({ day: z.string() }),
  isReadOnly: true,
  run: ({ day }) => notes.get(day) ?? 'There is no such note.',
});
const writeNote = tool({
  name: 'write_note',
  description: 'Writes the note of a day.',
  input: z.object({ day: z.string(), text: z.string() }),
  run: ({ day, text }) => void notes.set(day, text),
});
const tools = toolbox([readNote, writeNote], { policy: policy([{ tool: 'write_*', verdict: 'ask' }]) });

/** What a model would say: it knows from the conversation how far it is, so any process can go on with it. */
const played = scripted(
  [
    ({ messages, output }) => {
      const said = JSON.stringify(messages);
      if (output !== undefined || said.includes('Plan how to reach')) {
        return said.includes('strict critic')
          ? '{"scores": [{"criterion": "criterion 1", "reason": "The filter is named.", "score": 9}], "advice": ""}'
          : '{"steps": ["Read the notes.", "Write what was found."], "criteria": ["The cause is named."]}';
      }
      const done = messages.filter(({ role }) => role === 'tool').length;
      const found = 'A full filter made the pump run hot.';
      const turns = [
        callsTool('read_note', { day: 'monday' }, 'a'),
        callsTool('read_note', { day: 'tuesday' }, 'b'),
        callsTool('write_note', { day: 'wednesday', text: found }, 'c'),
      ];
      return turns[done] ?? found;
    },
  ],
  { shouldRepeat: true },
);
const isOnline = (process.env.OPENAI_API_KEY ?? '') !== '';
const model: ChatModel = isOnline ? openai('gpt-5-mini') : played;

const folder = await mkdtemp(join(tmpdir(), 'pipewright-mission-'));
try {
  await using store = await diskStore(folder);
  const made = (): AutonomousAgent =>
    autonomousAgent(agent(model, { tools, system: 'Work with the notes alone.' }), {
      store,
      planner: model,
      critic: model,
    });

  const first = made();
  // Closed with its first call of a tool: as a crash would end it, but that a closed mission can be resumed at once.
  const run = createRun({ on: ({ type }) => (type === 'tool-call' ? first.close() : undefined) });
  const id = await first.start(
    'Why did the pump run hot on Monday? Write what you find as the note of wednesday.',
    run,
  );
  const { phase, calls } = await first.wait(id);
  console.log('closed    ', phase, 'after', calls, 'calls');

  await using second = made();
  await second.resume(id);
  let mission = await second.wait(id);
  while (mission.phase === 'paused') {
    for (const { tool: name, input } of mission.waiting) console.log('approved  ', name, input);
    await second.resume(id, {
      approvals: mission.waiting.map(({ digest }) => ({ digest, isApproved: true, by: 'Ann' })),
    });
    mission = await second.wait(id);
  }
  for (const { from, to, reason } of mission.transitions) console.log('mission   ', `${from} -> ${to}: ${reason}`);
  console.log('result    ', mission.text);
  for (const { action, why } of mission.recovery) console.log('recovery  ', action, why);
  console.log('wednesday ', notes.get('wednesday'));
} finally {
  await rm(folder, { recursive: true, force: true });
}
