import { PipewrightError } from '../../core/index.js';

export interface ApiKeySource {
  /** Who needs the key, for the error message. */
  readonly id: string;
  readonly apiKey: string | undefined;
  /** The environment variable that is read when no key was given. */
  readonly variable: string;
  readonly baseUrl: string | undefined;
}

const localHost = /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[::1\]|0\.0\.0\.0|host\.docker\.internal)$/;

/** SDKs insist on some key; a server on this machine usually wants none. */
const placeholder = 'no-key';

/**
 * The key of a call: the option, else the environment variable as it is now, else a placeholder for a server on this machine.
 * @throws {PipewrightError} `not-allowed` when there is none; the message names the variable.
 */
export const resolveApiKey = ({ id, apiKey, variable, baseUrl }: ApiKeySource): string => {
  // A key read from a file often ends in a line break, which no header may hold.
  const key = (apiKey ?? process.env[variable] ?? '').trim();
  if (key !== '') return key;
  if (baseUrl !== undefined && localHost.test(new URL(baseUrl).hostname)) return placeholder;
  throw new PipewrightError(
    'not-allowed',
    `${id} needs an API key and has none. Set the environment variable ${variable}, or pass the option \`apiKey\`.`,
  );
};

/** @throws {PipewrightError} `bad-option` unless the URL is one that a request can be sent to. */
export const checkBaseUrl = (baseUrl: string | undefined): void => {
  if (baseUrl === undefined) return;
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new PipewrightError('bad-option', '`baseUrl` must be an absolute http or https URL.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new PipewrightError('bad-option', '`baseUrl` must not hold a user or password. Pass them in `headers`.');
  }
};
