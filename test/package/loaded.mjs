// Prints what one import of the package loads, in a fresh process: node loaded.mjs <specifier>
import { Session } from 'node:inspector';

const loaded = [];
const session = new Session();
session.connect();
session.on('Debugger.scriptParsed', ({ params }) => loaded.push(params.url));
session.post('Debugger.enable');
loaded.length = 0; // what Node and this file brought along
await import(process.argv[2]);
session.disconnect();
console.log(JSON.stringify(loaded.filter((url) => url !== '' && !url.startsWith('node:'))));
