/** Runs inside the sandbox, before the code: what the code may change later is taken aside. */
const prelude = String.raw`(log, ask, input, names) => {
  const { parse, stringify } = JSON;
  const { defineProperty, fromEntries } = Object;
  const { Error, Map, Set, String } = globalThis;
  const plain = (_, value) => {
    if (typeof value === 'bigint') return String(value);
    if (value instanceof Map) return fromEntries(value);
    return value instanceof Set ? [...value] : value;
  };
  const show = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return String(value);
    return stringify(value, plain) ?? String(value);
  };
  const define = (object, key, value) =>
    defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
  const print = (...values) => {
    let line = '';
    for (let i = 0; i < values.length; i++) line += (i === 0 ? '' : ' ') + show(values[i]);
    log(line);
  };
  define(globalThis, 'console', { log: print, info: print, warn: print, error: print, debug: print });
  define(globalThis, 'input', parse(input));
  const tools = {};
  for (const name of parse(names)) {
    define(tools, name, async (given = {}) => parse(await ask(name, stringify(given, plain))));
  }
  define(globalThis, 'tools', tools);
  return {
    finish: async (evaluated) => stringify(await (await evaluated).value, plain),
    explain: (error) => (error instanceof Error ? String(error) + '\n' + error.stack : show(error)),
  };
}`;

/**
 * What the thread of the sandbox does, as text, so that it is there in every bundle. Each run gets an instance of the WebAssembly
 * module of its own, which goes with it: nothing of one run is there for the next, and none can break another. Only texts cross
 * its border: code and JSON go in, JSON and what was printed come out.
 */
export const sandboxProgram: string = String.raw`({ core, variant, wasm }) => {
  const { newQuickJSWASMModuleFromVariant, newVariant } = require(core);
  const release = require(variant).default;
  const wasmModule = WebAssembly.compile(require('node:fs').readFileSync(wasm));
  const prelude = ${JSON.stringify(prelude)};
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  // Flags of QuickJS: await at the top, and to compile alone.
  const asynchronous = 128;
  const compileOnly = 32;
  // More, and deep recursion would fill the stack of the thread before that of the sandbox.
  const stackBytes = 262_144;

  return async ({ code, input, names, maxMemoryBytes, maxOutputLength, stop }, askBack) => {
    const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(release, { wasmModule: await wasmModule }));
    const runtime = quickjs.newRuntime();
    runtime.setMemoryLimit(maxMemoryBytes);
    runtime.setMaxStackSize(stackBytes);
    const isStopped = () => Atomics.load(stop, 0) !== 0;
    runtime.setInterruptHandler(isStopped);
    const vm = runtime.newContext();
    const printed = [];
    let left = maxOutputLength;
    let isCut = false;
    let openCalls = 0;
    let broken;
    let wake = () => {};

    // The length of a text cannot be faked from inside: a long one is never copied out. Nothing else than texts is.
    const textOf = (handle, maxLength) => {
      if (vm.typeof(handle) !== 'string') return undefined;
      const length = vm.getProp(handle, 'length').consume(vm.getNumber);
      return length > maxLength ? undefined : vm.getString(handle);
    };
    const log = vm.newFunction('log', (line) => {
      const text = isCut ? undefined : textOf(line, left);
      if (text === undefined) isCut = true;
      else {
        printed.push(text);
        left -= text.length + 1;
      }
    });
    const ask = vm.newFunction('ask', (name, given) => {
      const promise = vm.newPromise();
      const question = [textOf(name, 64), textOf(given, 1_000_000)];
      const answer = question.includes(undefined)
        ? Promise.reject(new Error('A tool takes an object of plain data, of at most a million characters.'))
        : askBack(question);
      openCalls++;
      answer
        .then((text) => promise.resolve(vm.newString(text)), ({ message }) => promise.reject(vm.newError(message)))
        .catch((error) => (broken = error))
        .then(() => {
          openCalls--;
          wake();
        });
      return promise.handle;
    });
    const settled = async (promise) => {
      for (;;) {
        const { error } = runtime.executePendingJobs(1000);
        if (error !== undefined) return { error };
        if (broken !== undefined) throw broken;
        const state = vm.getPromiseState(promise);
        if (state.type !== 'pending' || isStopped()) return state;
        if (runtime.hasPendingJob()) await turn();
        else if (openCalls === 0) return { failure: 'It waits for a promise that nothing settles.' };
        else await new Promise((resolve) => (wake = resolve));
      }
    };
    // A \`return\` at the top wants a function around it; what is in a line stays there.
    const evaluate = () => {
      const { error } = vm.evalCode(code, 'code.js', asynchronous | compileOnly);
      const isBody = error !== undefined && vm.getProp(error, 'message').consume(vm.getString) === 'return not in a function';
      return vm.evalCode(isBody ? '(async () => {' + code + '\n})()' : code, 'code.js', asynchronous);
    };
    const callInside = (inside, name, handle) => vm.callFunction(vm.getProp(inside, name), vm.undefined, handle);
    const explain = (inside, error) => {
      // Once it is to stop, nothing runs inside any more; the engine's own error has its place as plain text.
      const text = isStopped() ? vm.getProp(error, 'stack') : callInside(inside, 'explain', error).value;
      return (text === undefined ? undefined : textOf(text, 1_000_000)) ?? 'It threw something that cannot be shown.';
    };
    const finish = async () => {
      const given = [log, ask, vm.newString(input), vm.newString(JSON.stringify(names))];
      const begun = vm.unwrapResult(vm.evalCode('(' + prelude + ')', 'sandbox.js'));
      const inside = vm.unwrapResult(vm.callFunction(begun, vm.undefined, ...given));
      // From now on the time counts, not while the thread starts.
      void askBack(undefined);
      const evaluated = evaluate();
      if (evaluated.error !== undefined) return { failure: explain(inside, evaluated.error) };
      const finished = callInside(inside, 'finish', evaluated.value);
      const { value, error, failure } = finished.error === undefined ? await settled(finished.value) : finished;
      if (error !== undefined) return { failure: explain(inside, error) };
      if (value === undefined || vm.typeof(value) === 'undefined') return { failure };
      const json = textOf(value, maxOutputLength);
      return json === undefined ? { failure: 'Its result is longer than ' + maxOutputLength + ' characters. Give less.' } : { json };
    };
    return { ...(await finish()), printed: printed.join('\n'), isCut };
  };
}`;
