// npm run build: dist as it is published, with types.
import { build } from './setup.mjs';

await build({ quick: false });
