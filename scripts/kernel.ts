// npm run kernel: compiles src/vector/kernel/assembly into src/vector/kernel/binary.ts.
import { writeFileSync } from 'node:fs';
import { binaryPath, compileKernel } from './check/kernel.js';

writeFileSync(binaryPath, await compileKernel(process.cwd()));
console.log(`Wrote ${binaryPath}.`);
