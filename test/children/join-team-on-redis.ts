import { agent } from 'pipewright/agent';
import { redisBus } from 'pipewright/redis';
import { joinTeam, teamMember } from 'pipewright/team';
import { scripted } from 'pipewright/testing';

/** Joins a team under a name; digs what it is told to dig, or hangs at its first task, which it tells on the output. */
const [, , url = '', prefix = '', name = '', mode = ''] = process.argv;
const bus = await redisBus({ url, prefix });
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const model = scripted(
  [
    async () => {
      say('begun');
      if (mode === 'hangs') await new Promise(() => undefined);
      return `${name} dug.`;
    },
  ],
  { shouldRepeat: true },
);
await joinTeam(bus, teamMember(agent(model, { name }), { description: 'Digs.', skills: ['dig'] }), { leaseMs: 600 });
say('joined');
