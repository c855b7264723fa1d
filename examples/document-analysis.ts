/**
 * Analyses a document without a model: outline, summary, facts and tables. Run: npx tsx examples/document-analysis.ts [file]
 */
import { documentAnalyzer } from 'pipewright/rag';

const sample = `# Inspection of pump P-7

The pump P-7 moves cooling water through the northern hall. It was installed on 3 May 2019 and runs at 4.2 bar.
The inspection of the pump found a worn seal. The seal must be replaced within 6 months, for about €1,250.

## Parts

| Part | Price | In stock |
| --- | --- | --- |
| Seal | €40 | 12 |
| Rotor | €1,100 | 1 |
`;

const [path] = process.argv.slice(2);
const analyze = documentAnalyzer({ maxPoints: 3 });
const analysis = await analyze(path ?? { source: 'inspection.md', bytes: Buffer.from(sample) });

console.log(analysis.title ?? analysis.source);
console.table(analysis.statistics);
console.log('Summary:');
for (const { text, evidence } of analysis.summary) console.log(`  ${text} (${evidence?.label ?? 'nowhere'})`);
console.log('Facts:');
for (const { kind, text } of analysis.facts) console.log(`  ${kind}: ${text}`);
for (const { caption = 'Table', summary } of analysis.tables) {
  console.log(`${caption}:`);
  console.table(summary);
}
