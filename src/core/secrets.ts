/** What stands where a secret stood. */
export const hidden = '[secret]';

/** Shapes of keys that are in use: provider keys, bearer tokens, cloud and forge tokens, JSON web tokens. */
const keyShapes: readonly RegExp[] = [
  /\b(?:sk|pk|rk|gsk|xai|hf|pplx|key|api)[-_][A-Za-z0-9_-]{12,}/g,
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-)[A-Za-z0-9_-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
];
const bearer = /\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{8,}/gi;
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi;

/** Shorter values are no secrets, and hiding them would tear holes into ordinary words. */
const minSecretLength = 6;

/** The text without the given secrets and without anything that is shaped like a key. */
export const scrubText = (text: string, secrets: readonly string[] = []): string => {
  let clean = text;
  for (const secret of secrets) if (secret.length >= minSecretLength) clean = clean.replaceAll(secret, hidden);
  for (const shape of keyShapes) clean = clean.replace(shape, hidden);
  return clean.replace(bearer, `$1 ${hidden}`).replace(userInfo, `$1${hidden}@`);
};

const secretNames: ReadonlySet<string> = new Set([
  'accesstoken',
  'apikey',
  'authorization',
  'bearertoken',
  'clientsecret',
  'cookie',
  'password',
  'proxyauthorization',
  'refreshtoken',
  'secret',
  'secretkey',
  'setcookie',
  'xapikey',
  'xgoogapikey',
]);

/** Whether a field of this name holds a secret, however it is written: `X-Api-Key`, `api_key`, `apiKey`. */
export const isSecretName = (name: string): boolean => secretNames.has(name.replace(/[-_\s]/g, '').toLowerCase());
