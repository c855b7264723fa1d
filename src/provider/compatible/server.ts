import { PipewrightError } from '../../core/index.js';
import type { ModelFeatures, ModelPrice } from '../../model/index.js';
import { type ChatQuirks, checkBaseUrl, resolveApiKey } from '../shared/index.js';

/** A server that speaks OpenAI's Chat Completions API: where it is, how it takes its key, and where it differs. */
export interface CompatibleServer {
  /** Stands in the ids of its models: `groq` in `groq:llama-3.3-70b-versatile`. */
  readonly name: string;
  /** Left out, the caller must say where the server is. */
  readonly baseUrl?: string;
  /** The environment variable that says where the server is, when no option does. */
  readonly baseUrlVariable?: string;
  /** Behind the base URL; `{model}` stands for the model. @default '/chat/completions' */
  readonly path?: string;
  /** Sent with every request. @default none */
  readonly query?: Readonly<Record<string, string>>;
  /** The environment variable of the key. */
  readonly keyVariable: string;
  /** Set to true for a server that may be open to all. @default false */
  readonly isKeyOptional?: boolean;
  /** The header that holds the key as it is. @default `authorization`, with `Bearer` before the key */
  readonly keyHeader?: string;
  /** What its models can do, where that is not all; `features` of a call wins. @default nothing is refused */
  readonly features?: Partial<ModelFeatures>;
  /** USD for a million tokens. @default the price table */
  readonly price?: ModelPrice;
  /** @default as OpenAI has it */
  readonly quirks?: ChatQuirks;
}

export interface ConnectionOptions {
  /** @default the environment variable of the server, read at every call */
  readonly apiKey?: string | undefined;
  /** @default that of the server */
  readonly baseUrl?: string | undefined;
}

/** Where a server is and what it is asked with: also what `openaiEmbedder` takes. */
export interface Connection {
  readonly baseUrl: string;
  /** Empty for a server that needs none. */
  readonly apiKey: string;
}

/** @throws {PipewrightError} `bad-option` when neither the option, the server nor its variable says where the server is. */
export const baseUrlOf = (server: CompatibleServer, { baseUrl }: ConnectionOptions): string => {
  const { name, baseUrlVariable: variable } = server;
  const found = baseUrl ?? (variable === undefined ? undefined : process.env[variable]?.trim()) ?? server.baseUrl;
  if (found === undefined || found === '') {
    const how = variable === undefined ? 'Pass' : `Set the environment variable ${variable}, or pass`;
    throw new PipewrightError('bad-option', `It is not known where ${name} is. ${how} the option \`baseUrl\`.`);
  }
  checkBaseUrl(found);
  return found.replace(/\/+$/, '');
};

/** As both are now; the key is empty where the server needs none. */
export const resolveConnection = (id: string, server: CompatibleServer, options: ConnectionOptions): Connection => {
  const baseUrl = baseUrlOf(server, options);
  const { keyVariable: variable, isKeyOptional = false } = server;
  const given = (options.apiKey ?? process.env[variable] ?? '').trim();
  if (given === '' && isKeyOptional) return { baseUrl, apiKey: '' };
  return { baseUrl, apiKey: resolveApiKey({ id, apiKey: given, variable, baseUrl }) };
};

/** The headers that hold the key. */
export const keyHeaders = ({ keyHeader }: CompatibleServer, apiKey: string): Readonly<Record<string, string>> => {
  if (apiKey === '') return {};
  return keyHeader === undefined ? { authorization: `Bearer ${apiKey}` } : { [keyHeader]: apiKey };
};

export const urlOf = (server: CompatibleServer, baseUrl: string, model: string): string => {
  const { path = '/chat/completions', query = {} } = server;
  const search = new URLSearchParams(query).toString();
  return `${baseUrl}${path.replace('{model}', encodeURIComponent(model))}${search === '' ? '' : `?${search}`}`;
};
