import { posix } from 'node:path';
import { importsOf } from './imports.js';
import { isTest, type Problem, type Source } from './source.js';

/** The layer of each folder below `src`; `T` is for what serves tests. */
export type LayerTable = Readonly<Record<string, number | 'T'>>;

/** What the root entry may pass on: it stays small, everything else is a subpath. */
const rootMayPassOn: ReadonlySet<string> = new Set(['core', 'prompt', 'resilience']);

interface Place {
  /** The folder that has a layer; undefined for `src/index.ts`. */
  readonly folder: string | undefined;
  /** The folder that has an `index.ts` of its own: a provider's folder stands for itself, and so do the suites. */
  readonly unit: string;
}

const placeOf = (path: string): Place => {
  const [, folder, inner, ...rest] = path.split('/');
  if (inner === undefined) return { folder: undefined, unit: '' };
  const isOwnUnit = rest.length > 0 && (folder === 'provider' || (folder === 'testing' && inner === 'suites'));
  return { folder, unit: isOwnUnit ? `${folder}/${inner}` : String(folder) };
};

const targetOf = (path: string, specifier: string): string =>
  posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');

/** Why this edge is not allowed; undefined when it is. */
const objectionTo = (path: string, target: string, layers: LayerTable): string | undefined => {
  const from = placeOf(path);
  const to = placeOf(target);
  const isInside = from.unit === to.unit || (from.folder === 'testing' && to.folder === 'testing');
  if (isInside && from.folder !== undefined) return undefined;
  if (to.folder === undefined) return 'nothing in src imports the root entry. Import the folder that has it.';
  // A bundler keeps all that an entry holds for whoever imports it: the root takes what it passes on from the files themselves.
  const isPassedOn = from.folder === undefined && rootMayPassOn.has(to.folder);
  if (target !== `src/${to.unit}/index.ts` && !isPassedOn) {
    return `it reaches into \`${to.unit}\`. Import \`src/${to.unit}/index.js\`, and export there what others may use.`;
  }
  const toLayer = layers[to.folder];
  if (toLayer === undefined) return `\`${to.folder}\` has no layer. Give it one in scripts/layers.json.`;
  if (isTest(path)) return undefined;
  if (from.folder === undefined) {
    return rootMayPassOn.has(to.folder) ? undefined : `the root entry passes on only ${[...rootMayPassOn].join(', ')}.`;
  }
  const fromLayer = layers[from.folder];
  if (fromLayer === undefined) return `\`${from.folder}\` has no layer. Give it one in scripts/layers.json.`;
  if (toLayer === 'T') return fromLayer === 'T' ? undefined : `\`${to.folder}\` is for tests only.`;
  if (fromLayer === 'T' || to.unit === 'provider/shared') {
    return fromLayer === 'T' || from.folder === 'provider' ? undefined : '`provider/shared` is for providers only.';
  }
  if (from.folder === to.folder)
    return `\`${from.unit}\` and \`${to.unit}\` are independent. Share through \`provider/shared\`.`;
  return toLayer < fromLayer
    ? undefined
    : `\`${from.folder}\` (layer ${fromLayer}) may import only lower layers, and \`${to.folder}\` is layer ${toLayer}. ` +
        'Move the shared part down, or let the caller pass it in as a step.';
};

/**
 * Holds the direction of imports: a file sees its own folder, and folders of a lower layer through their `index.ts`. Tests see
 * every folder, through its `index.ts` too.
 */
export const checkLayers = (sources: readonly Source[], layers: LayerTable): readonly Problem[] =>
  sources.flatMap((source) =>
    importsOf(source).flatMap(({ specifier, line }) => {
      if (specifier === undefined || !specifier.startsWith('.')) return [];
      const target = targetOf(source.path, specifier);
      if (!target.startsWith('src/')) {
        return isTest(source.path) ? [] : [{ path: source.path, line, message: `imports ${specifier}, outside src.` }];
      }
      const objection = objectionTo(source.path, target, layers);
      return objection === undefined
        ? []
        : [{ path: source.path, line, message: `imports ${specifier}: ${objection}` }];
    }),
  );
