/** What stands where a secret stood. */
export const hidden = '[secret]';

/** Shapes of keys that are in use: provider keys, bearer tokens, cloud and forge tokens, private keys, JSON web tokens. */
const keyShapes: readonly RegExp[] = [
  /\b(?:sk|pk|rk|gsk|xai|hf|pplx|key|api)[-_][A-Za-z0-9_-]{12,}/g,
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-)[A-Za-z0-9_-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\b(?:r8_|fw_|jina_|tvly-|csk-|pcsk_|nvapi-|npm_|ntn_|lsv2_|dop_v1_|ya29\.|SG\.)[A-Za-z0-9._-]{16,}/g,
  /\bpa-[A-Za-z0-9_-]{40,}/g,
  /\bdapi[0-9a-f]{32}\b/g,
  /-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----(?:[^-]|-(?!-))*-----END [A-Z ]{0,20}PRIVATE KEY-----/g,
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
  'apisecret',
  'apitoken',
  'authorization',
  'authtoken',
  'awssecretaccesskey',
  'bearertoken',
  'clientsecret',
  'cookie',
  'credential',
  'credentials',
  'idtoken',
  'passphrase',
  'passwd',
  'password',
  'privatekey',
  'proxyauthorization',
  'refreshtoken',
  'secret',
  'secretaccesskey',
  'secretkey',
  'securitytoken',
  'sessiontoken',
  'setcookie',
  'signingkey',
  'webhooksecret',
  'xamzsecuritytoken',
  'xapikey',
  'xauthtoken',
  'xcsrftoken',
  'xgoogapikey',
]);

/** A name without what its spelling adds: `X-Api-Key`, `x_api_key`, `xApiKey` are one. */
export const plainName = (name: string): string => name.replace(/[-_\s]/g, '').toLowerCase();

/** Whether a field of this name holds a secret, however it is written: `X-Api-Key`, `api_key`, `apiKey`. */
export const isSecretName = (name: string): boolean => secretNames.has(plainName(name));
