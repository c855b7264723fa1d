import { conversations } from 'pipewright/conversation';
import { diskStore } from 'pipewright/store';

/** Appends turns to conversations in a folder, searches now and then, and prints each turn once it is acknowledged. */
const [, , path = '', first = '0'] = process.argv;
const store = await diskStore(path);
const all = conversations({ store });
for (let turn = Number(first); ; turn++) {
  const id = `c${turn % 3}`;
  if ((await all.get(id)) === undefined) await all.create({ id });
  await all.append(id, [
    { role: 'user', content: `question turn${turn}x` },
    { role: 'assistant', content: `answer turn${turn}x` },
  ]);
  process.stdout.write(`${turn}\n`);
  if (turn % 5 === 0) await all.search(`turn${turn}x`);
  if (turn % 17 === 0) await all.branch({ id, seq: 0 }, { id: `branch${turn}` });
}
