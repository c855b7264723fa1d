// Writes to a vector collection and says on standard output which rounds are acknowledged, until its parent kills it.
// Plain JavaScript over the built package: it starts in a fraction of the time, and is started again after every kill.
import { hnsw } from 'pipewright/vector';

const [path, from] = process.argv.slice(2);
const vectors = await hnsw({ path, dimensions: 8, graph: { minCount: 50, buildThreads: 0 } });
const entry = (id, n) => ({
  id,
  text: String(n),
  vector: Array.from({ length: 8 }, (_, i) => Math.sin(n * 7 + i)),
});
process.stdout.write('open\n');
for (let n = Number(from); ; n++) {
  await vectors.add(Array.from({ length: 20 }, (_, i) => entry(`a${n}-${i}`, n)));
  await vectors.upsert([entry('latest', n)]);
  await vectors.delete([`a${n}-0`]);
  // An old round goes as a whole, so that the collection stays small and rows are used again.
  await vectors.delete(Array.from({ length: 20 }, (_, i) => `a${n - 10}-${i}`));
  process.stdout.write(`${n}\n`);
  if (n % 3 === 0) await vectors.settle();
}
