import { afterAll, describe, expect, it } from 'vitest';
import { answerSchema, member, objectSchema } from '../../src/ask/index.js';
import { codeTool, tool, toolbox } from '../../src/tool/index.js';

/**
 * Attempts to get out of the sandbox for JavaScript, or to bring it or its host down: each row says what must come of it, a value or
 * an error. None may read `canary`, which only this process knows.
 */
const canary = 'canary-in-the-host';
process.env.PIPEWRIGHT_CANARY = canary;
Object.assign(globalThis, { pipewrightCanary: canary });
afterAll(() => {
  delete process.env.PIPEWRIGHT_CANARY;
  delete (globalThis as { pipewrightCanary?: string }).pipewrightCanary;
});

const anything = answerSchema(objectSchema({ value: {} }), (value) => ({ value: member(value, 'value') }));
const echo = tool({
  name: 'echo',
  description: 'Gives back what it is given.',
  input: anything,
  isReadOnly: true,
  run: (value) => ({ value }),
});
const fail = tool({
  name: 'fail',
  description: 'Fails.',
  input: anything,
  isReadOnly: true,
  run: () => Promise.reject(Object.assign(new Error('it fails'), { host: process })),
});

const limits = { maxMemoryBytes: 16_777_216, maxOutputLength: 5_000, tools: toolbox([echo, fail]) };
const execute = codeTool({ ...limits, timeoutMs: 300 });
/** For what runs until it is stopped. */
const executeBriefly = codeTool({ ...limits, timeoutMs: 30 });

interface Gives {
  readonly gives: unknown;
}
interface Fails {
  readonly fails: RegExp;
}
type Row = readonly [name: string, code: string, outcome: Gives | Fails];

const gives = (value: unknown): Gives => ({ gives: value });
const fails = (message: RegExp): Fails => ({ fails: message });
const timeout = fails(/^timeout: /u);
const outOfMemory = fails(/^bad-input: .*\n.*out of memory/u);
const stackOverflow = fails(/^bad-input: .*\n.*(stack overflow|Maximum call stack)/u);
const notDefined = fails(/is not defined|is not a function|cannot read property|no setter/u);

/** All that is global inside: the language, as QuickJS has it, and what the tool adds. */
const namesInside =
  `Error EvalError RangeError ReferenceError SyntaxError TypeError URIError InternalError AggregateError Array Object
  Function Iterator parseInt parseFloat isNaN isFinite decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape Infinity
  NaN undefined eval Number Boolean String Math Reflect Symbol globalThis BigInt Date RegExp JSON Proxy Map Set WeakMap WeakSet ArrayBuffer
  SharedArrayBuffer Uint8ClampedArray Int8Array Uint8Array Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array
  Float16Array Float32Array Float64Array DataView Promise WeakRef FinalizationRegistry console input tools`.split(
    /\s+/u,
  );

const walks: readonly Row[] = [
  ['the constructor of a function', 'return (() => 1).constructor("return typeof process")()', gives('undefined')],
  ['the constructor of a constructor', '[].constructor.constructor("return this")() === globalThis', gives(true)],
  ['the constructor of `this`', 'this.constructor.constructor("return typeof require")()', gives('undefined')],
  ['an async function', '(async () => 1).constructor("return typeof process")()', gives('undefined')],
  ['a generator', '(function* () {}).constructor("yield typeof process")().next().value', gives('undefined')],
  [
    'an async generator',
    '(async function* () {}).constructor("yield typeof process")().next().then((each) => each.value)',
    gives('undefined'),
  ],
  ['the console', 'console.log.constructor("return typeof process")()', gives('undefined')],
  ['a tool', 'tools.echo.constructor("return typeof process")()', gives('undefined')],
  ['the promise of a tool', 'tools.echo({}).constructor.constructor("return typeof process")()', gives('undefined')],
  ['the input', 'input.constructor.constructor("return typeof process")()', gives('undefined')],
  [
    '`__proto__` of the global object',
    'globalThis.__proto__.constructor.constructor("return typeof fetch")()',
    gives('undefined'),
  ],
  ['the names of the global object', 'Object.getOwnPropertyNames(globalThis)', gives(namesInside)],
  [
    '`Symbol.species`',
    'class A extends Array { static get [Symbol.species]() { return Function } } typeof new A(1).map.constructor("return process")',
    gives('function'),
  ],
  [
    'a getter that is walked',
    'const o = { get a() { return this.constructor.constructor("return typeof process")() } }; o.a',
    gives('undefined'),
  ],
  [
    '`Error.prepareStackTrace`',
    'Error.prepareStackTrace = (_, frames) => frames.map((each) => each.getThis()); new Error("x").stack',
    gives(expect.stringMatching(/^ {4}at <eval> \(code\.js/u)),
  ],
  ['the places in a stack', 'new Error("x").stack.includes("/")', gives(false)],
  [
    'the stack of a failed tool',
    'tools.fail({}).catch((error) => [error.message, /node|worker|\\//u.test(error.stack ?? ""), typeof error.host])',
    gives(['Error: it fails', false, 'undefined']),
  ],
  [
    '`caller` and `arguments`',
    '(function f() { return typeof f.caller + typeof arguments.callee })()',
    gives('undefinedfunction'),
  ],
  [
    '`with` and `Symbol.unscopables`',
    'new Function("with (globalThis) { return typeof process }")()',
    gives('undefined'),
  ],
  ['`eval`', 'eval("typeof process + typeof require")', gives('undefinedundefined')],
  ['`eval` from elsewhere', '(0, eval)("this") === globalThis', gives(true)],
  ['`Reflect.construct`', 'Reflect.construct(Function, ["return typeof process"])()', gives('undefined')],
  [
    'a `Proxy` of everything',
    'new Proxy({}, { get: (_, key) => key === "toJSON" ? undefined : globalThis, ownKeys: () => [] })',
    gives({}),
  ],
  [
    '`FinalizationRegistry`',
    'new FinalizationRegistry(() => globalThis.process).register({}, 1); typeof process',
    gives('undefined'),
  ],
  ['the host by name', 'typeof pipewrightCanary + typeof globalThis.pipewrightCanary', gives('undefinedundefined')],
];

const missing: readonly Row[] = [
  ['`process`', 'process.env.PIPEWRIGHT_CANARY', notDefined],
  ['`require`', 'require("node:fs")', notDefined],
  ['`import()` of a module of Node', 'await import("node:fs")', fails(/Error: .*node:fs/u)],
  ['`import()` of a file', 'await import("/etc/passwd")', fails(/Error: .*etc\/passwd/u)],
  ['`import()` of an address', 'await import("https://example.com/a.js")', fails(/Error: .*example/u)],
  ['`import()` of data', 'await import("data:text/javascript,export default 1")', fails(/Error: .*data/u)],
  ['`import` at the top', 'import fs from "node:fs"; fs', fails(/SyntaxError/u)],
  ['`import.meta`', 'import.meta.url', fails(/SyntaxError/u)],
  ['`import()` of the modules of QuickJS', '(await import("std")).loadFile("/etc/passwd")', fails(/Error: .*std/u)],
  ['`fetch`', 'await fetch("http://127.0.0.1")', notDefined],
  ['`XMLHttpRequest`', 'new XMLHttpRequest()', notDefined],
  ['`WebSocket`', 'new WebSocket("ws://127.0.0.1")', notDefined],
  ['`WebAssembly`', 'new WebAssembly.Memory({ initial: 1 })', notDefined],
  ['`Worker`', 'new Worker("1")', notDefined],
  ['`setTimeout`', 'setTimeout(() => {}, 1)', notDefined],
  ['`setImmediate`', 'setImmediate(() => {})', notDefined],
  ['`Atomics.wait`', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0)', notDefined],
  ['`performance`', 'performance.now()', notDefined],
  ['`structuredClone`', 'structuredClone({})', notDefined],
  ['`queueMicrotask`', 'queueMicrotask(() => {})', notDefined],
];

const bombs: readonly Row[] = [
  ['a loop', 'for (;;);', timeout],
  ['a loop that catches', 'for (;;) { try { for (;;); } catch {} }', timeout],
  ['a loop in `finally`', 'try { for (;;); } finally { for (;;); }', timeout],
  ['a regular expression', '/^(a+)+$/u.test("a".repeat(40) + "b")', timeout],
  ['a chain of promises', 'const next = () => Promise.resolve().then(next); await next()', timeout],
  ['promises that are thenable', 'const next = { then: (done) => done(next) }; await next', timeout],
  ['an async loop', 'for (;;) await 1;', timeout],
  ['a generator without end', '[...(function* () { for (;;) yield; })()]', fails(/timeout|out of memory/u)],
  [
    'an iterator without end',
    'const { a } = { a: 1 }; const it = { [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }; new Set(it); a',
    timeout,
  ],
  ['a sort that does not end', '[3, 2, 1].sort(() => { for (;;); })', timeout],
  ['a `toString` that does not end', 'String({ toString() { for (;;); } })', timeout],
  ['a `toJSON` that does not end', '({ toJSON() { for (;;); } })', timeout],
  ['a getter of the result that does not end', '({ get a() { for (;;); } })', timeout],
  ['a `then` of the result that does not end', '({ then() { for (;;); } })', timeout],
  ['an error whose message does not end', 'throw Object.assign(new Error(), { toString() { for (;;); } })', timeout],
  [
    'an error whose stack does not end',
    'throw Object.defineProperty(new Error("x"), "stack", { get() { for (;;); } })',
    timeout,
  ],
  ['what is printed and does not end', 'console.log({ toJSON() { for (;;); } })', timeout],
  ['a tool that is called without end', 'for (;;) await tools.echo({ value: 1 })', fails(/Only 50 calls|^timeout/u)],
  ['a recursion', 'const f = () => f(); f()', stackOverflow],
  ['a recursion that catches', 'const f = () => { try { f() } catch { f() } }; f()', fails(/timeout|stack overflow/u)],
  ['a recursion of getters', 'const o = { get a() { return this.a } }; o.a', stackOverflow],
  ['a recursion of proxies', 'let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.a', stackOverflow],
  ['brackets that nest', 'JSON.parse("[".repeat(1e5))', stackOverflow],
  ['an array that nests, as text', 'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; String(a)', stackOverflow],
  [
    'a result that nests',
    'let a = []; for (let i = 0; i < 1e4; i++) a = [a]; a',
    fails(/stack overflow|Maximum|longer than|^timeout/u),
  ],
  ['code that nests', `eval("(".repeat(1e5))`, fails(/stack overflow|SyntaxError|Maximum call stack/u)],
  [
    'a regular expression that nests',
    'new RegExp("(?:".repeat(1e5))',
    fails(/SyntaxError|stack overflow|Maximum call stack/u),
  ],
  ['a result that holds itself', 'const a = {}; a.a = a; a', fails(/circular/u)],
  ['an array that grows', 'const a = []; for (;;) a.push(new Array(1e4).fill(1))', fails(/out of memory|timeout/u)],
  [
    'an array that grows, caught',
    'let n = 0; for (;;) { try { const a = []; for (;;) a.push(a.slice(), n++) } catch {} }',
    timeout,
  ],
  ['a long text', '"a".repeat(2 ** 29)', outOfMemory],
  ['a text that doubles', 'let s = "ab"; for (;;) s += s', fails(/out of memory|string too long|timeout/u)],
  ['a long buffer', 'new ArrayBuffer(2 ** 31)', fails(/out of memory|invalid array buffer length|RangeError/u)],
  ['a shared buffer', 'new SharedArrayBuffer(2 ** 30).byteLength', fails(/out of memory/u)],
  [
    'a buffer that may grow',
    'new ArrayBuffer(8, { maxByteLength: 2 ** 31 }).resize(2 ** 31)',
    fails(/out of memory|RangeError|TypeError/u),
  ],
  ['a large `BigInt`', '2n ** 100_000_000n', fails(/too large|out of memory|timeout/u)],
  ['a text that is padded', '"".padEnd(2 ** 30)', fails(/out of memory|invalid string length/u)],
  ['a list from a length', 'Array.from({ length: 2 ** 32 })', fails(/out of memory|timeout|invalid array length/u)],
  ['much that is printed', 'for (;;) console.log("a".repeat(1e4))', timeout],
  ['a line that is too long', 'console.log("a".repeat(1e6)); 1', gives(1)],
  ['a result that is too long', '"a".repeat(1e6)', fails(/longer than 5000 characters/u)],
  ['an error that is too long', 'throw new Error("a".repeat(5e6))', fails(/^bad-input: [\s\S]{0,2000}$/u)],
];

const smuggling: readonly Row[] = [
  [
    '`__proto__` in the result',
    'JSON.parse(\'{"__proto__": {"polluted": 1}}\')',
    gives(JSON.parse('{"__proto__": {"polluted": 1}}')),
  ],
  [
    '`constructor` in the result',
    '({ constructor: { prototype: { polluted: 1 } } })',
    gives({ constructor: { prototype: { polluted: 1 } } }),
  ],
  [
    'a `toJSON` that gives something else',
    '({ toJSON: () => ({ $type: "Map", value: [] }) })',
    gives({ $type: 'Map', value: [] }),
  ],
  ['a function as the result', '() => 1', gives(undefined)],
  ['a symbol as the result', 'Symbol("a")', gives(undefined)],
  ['its own `JSON.stringify`', 'JSON.stringify = () => "[1]"; JSON.parse = () => 2; ({ a: 1 })', gives({ a: 1 })],
  ['its own `Promise`', 'Promise = undefined; Promise?.prototype; 3', gives(3)],
  ['its own `then` on all', 'Object.prototype.then = (done) => done({ value: 9 }); ({ a: 1 })', timeout],
  ['its own `Promise.prototype.then`', 'Promise.prototype.then = () => 5; 4', gives(4)],
  [
    'setters on all objects',
    'Object.defineProperty(Object.prototype, "value", { set() { throw 1 }, get: () => 8 }); ({ a: 2 })',
    fails(/^bad-input: .*\n1$/u),
  ],
  [
    'its own `Array.prototype.map`',
    'Array.prototype.map = Array.prototype.join = () => 7; console.log({}); 1',
    gives(1),
  ],
  [
    'the console that is put away',
    'delete globalThis.console; delete globalThis.tools; delete globalThis.input; 1',
    gives(1),
  ],
  [
    '`__proto__` to a tool',
    'tools.echo({ value: JSON.parse(\'{"__proto__": {"polluted": 1}}\') }).then(({ value }) => Object.keys(value))',
    gives(['__proto__']),
  ],
  ['a function to a tool', 'tools.echo({ value: () => process })', gives({})],
  ['a tool that is not there', 'tools.remove({})', fails(/not a function/u)],
  [
    'a tool by the name of a prototype',
    'typeof tools.constructor + typeof tools.__proto__.echo',
    gives('functionundefined'),
  ],
  ['no object to a tool', 'tools.echo(() => 1)', fails(/plain data/u)],
  ['too much to a tool', 'tools.echo({ value: "a".repeat(2e6) })', fails(/plain data|out of memory/u)],
  ['a name for the host that is none', 'tools["echo"].call({ name: "fail" }, { value: 1 })', gives({ value: 1 })],
  [
    'the inner functions',
    'typeof log + typeof ask + typeof finish + typeof prelude',
    gives('undefinedundefinedundefinedundefined'),
  ],
  ['an end of the function around it', 'return 1 }); globalThis.out = 1; (() => {', gives(undefined)],
  ['a comment at the end', 'return 5 // }', gives(5)],
  ['a line separator in a text', 'return "\u2028".length', gives(1)],
  ['NUL in the code', 'return "a\0b".length', gives(3)],
  ['half a character', 'return "\ud800".length', gives(1)],
];

const outcomeOf = (code: string, outcome: Gives | Fails): Promise<unknown> =>
  (outcome === timeout ? executeBriefly : execute)({ code, input: { a: [1] } }).then(
    ({ result }) => ({ gives: result }),
    (error: { readonly code: string; readonly message: string }) => `${error.code}: ${error.message}`,
  );

describe.each([
  ['no walk over prototypes leads out', walks],
  ['what the host has is not there', missing],
  ['no bomb goes off', bombs],
  ['nothing is smuggled over the border', smuggling],
] as const)('%s', (_, rows) => {
  it.each(rows)('%s', async (_name, code, outcome) => {
    const came = await outcomeOf(code, outcome);
    expect(JSON.stringify(came)).not.toContain(canary);
    if ('gives' in outcome) expect(came).toEqual({ gives: outcome.gives });
    else expect(came).toMatch(outcome.fails);
    expect('polluted' in {}).toBe(false);
  });
});
