// Ingests a folder and says on standard output which files are acknowledged, until its parent kills it.
import { createRun } from 'pipewright';
import { openLibrary } from 'pipewright/rag';

const [index, folder] = process.argv.slice(2) as [string, string];
const library = await openLibrary({ path: index });
const acknowledge = (): void => {
  const known = library.sources().map(({ source, hash }) => [source, hash]);
  process.stdout.write(`${JSON.stringify(known)}\n`);
};
process.stdout.write('[]\n');
await library.ingest(
  folder,
  createRun({
    on: (event) => {
      if (event.type === 'progress') acknowledge();
    },
  }),
);
acknowledge();
await library.close();
