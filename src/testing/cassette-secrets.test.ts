import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { scrubFields } from '../core/index.js';
import { fromJson, toJson } from './cassette-json.js';
import { record, replay } from './index.js';

// Made up, in the shapes that the services give out; put together here so that no scanner takes them for real.
const shapes: readonly (readonly [string, string])[] = [
  ['OpenAI', `sk-proj-${'aB3dE6gH9j'.repeat(4)}`],
  ['Anthropic', `sk-ant-api03-${'xY2zW5vU8t'.repeat(4)}`],
  ['OpenRouter', `sk-or-v1-${'0123456789abcdef'.repeat(4)}`],
  ['Google', `AIza${'SyA1b2C3d4'.repeat(4).slice(0, 35)}`],
  ['Google OAuth', `ya29.${'a0AfH6SMBx'.repeat(3)}`],
  ['Groq', `gsk_${'aB3dE6gH9j'.repeat(5)}`],
  ['xAI', `xai-${'aB3dE6gH9j'.repeat(4)}`],
  ['Hugging Face', `hf_${'AbCdEfGhIj'.repeat(3)}`],
  ['Perplexity', `pplx-${'aB3dE6gH9j'.repeat(4)}`],
  ['Replicate', `r8_${'aB3dE6gH9j'.repeat(4)}`],
  ['Fireworks', `fw_${'aB3dE6gH9j'.repeat(2)}`],
  ['Voyage', `pa-${'aB3dE6gH9j'.repeat(4)}_xy`],
  ['Jina', `jina_${'0123456789abcdef'.repeat(2)}`],
  ['Tavily', `tvly-dev-${'aB3dE6gH9j'.repeat(3)}`],
  ['Cerebras', `csk-${'aB3dE6gH9j'.repeat(4)}`],
  ['Pinecone', `pcsk_${'aB3dE6gH9j'.repeat(4)}`],
  ['NVIDIA', `nvapi-${'aB3dE6gH9j'.repeat(5)}`],
  ['LangSmith', `lsv2_pt_${'0123456789abcdef'.repeat(2)}_0a1b2c`],
  ['Databricks', `dapi${'0123456789abcdef'.repeat(2)}`],
  ['AWS', `AKIA${'IOSFODNN7EXAMPLE'}`],
  ['GitHub', `ghp_${'aB3dE6gH9j'.repeat(4).slice(0, 36)}`],
  ['GitHub, fine-grained', `github_pat_${'aB3dE6gH9j'.repeat(4)}`],
  ['GitLab', `glpat-${'aB3dE6gH9j'.repeat(2)}`],
  ['Slack', `xoxb-${'1234567890-'.repeat(2)}aB3dE6gH`],
  ['Stripe', `sk_live_${'aB3dE6gH9j'.repeat(3)}`],
  ['SendGrid', `SG.${'aB3dE6gH9j'.repeat(2)}.${'aB3dE6gH9j'.repeat(4)}`],
  ['npm', `npm_${'aB3dE6gH9j'.repeat(4).slice(0, 36)}`],
  ['a JSON web token', `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${'aB3dE6gH9j'.repeat(4)}`],
  ['a private key', `-----BEGIN RSA PRIVATE KEY-----\n${'aB3dE6gH9j'.repeat(6)}\n-----END RSA PRIVATE KEY-----`],
];

it.each(shapes)('Q30 hides a key of %s anywhere in a text', (_name, key) => {
  expect(scrubFields(`before ${key} after`)).toBe('before [secret] after');
  expect(JSON.stringify(toJson({ deep: [new Map([['x', { note: `(${key})` }]])] }))).not.toContain(key.slice(8, 24));
});

// No shape tells these; their names do.
const plain = 'correct-horse-battery';

const places: readonly (readonly [string, unknown])[] = [
  ['the query of a URL', `https://host/v1?key=${plain}&alt=sse`],
  ['the query of a URL, later', `see https://host/?alt=sse&api_key=${plain}#top.`],
  ['a URL object', new URL(`https://host/blob?sv=1&sig=${plain}&se=2`)],
  ['a signed URL', `https://bucket/x?X-Amz-Credential=${plain}&X-Amz-Signature=${plain}`],
  ['user and password of a URL', `postgres://me:${plain}@host/db`],
  ['headers', { headers: { 'X-API-Key': plain, Cookie: [plain, plain], accept: 'x' } }],
  ['headers as lines', `POST / HTTP/1.1\nhost: h\nAuthorization: Token ${plain}\r\nx-api-key: ${plain}\n\nbody`],
  ['JSON in a text', `sent {"apiKey": "${plain}", "model": "m"}`],
  ['JSON in JSON', JSON.stringify({ body: JSON.stringify({ a: { client_secret: plain }, b: 1 }) })],
  ['JSON in JSON in JSON', JSON.stringify(JSON.stringify(JSON.stringify({ password: plain })))],
  ['JSON with quotes in the value', `{"password":"${plain}\\"${plain}"}`],
  ['JSON that is cut off', `{"access_token":"${plain}`],
  ['a field of another spelling', { awsSecretAccessKey: plain, 'Session-Token': plain, private_key: plain }],
  ['an error', { error: `401 from https://host/?token=${plain}` }],
];

it.each(places)('Q30 hides a secret in %s by its name', (_place, value) => {
  const json = JSON.stringify(toJson(value));
  expect(json).not.toContain(plain);
  expect(json).toContain('[secret]');
  expect(JSON.stringify(toJson(fromJson(JSON.parse(json))))).toBe(json);
});

it('leaves alone what is none', () => {
  const texts = [
    'The key to success: patience. A token is a word; tokens=5 and key=value.',
    '{"token":"Hello","logprob":-0.1,"key":"name","max_tokens":5}',
    'https://host/path?page=2&sort=key#code=1',
    'Note: the secret of a good pipe is its fitting.',
  ];
  for (const text of texts) expect(scrubFields(text)).toBe(text);
  expect(toJson({ token: 'Hello', tokens: 5, key: 'name' })).toEqual({ token: 'Hello', tokens: 5, key: 'name' });
});

it('takes no more than linear time for texts made to be slow', () => {
  for (const piece of ['\\', '"a":"', '?a=', '"', 'a: ', '"password":"', '&key=', '-----BEGIN PRIVATE KEY-----']) {
    const startedMs = performance.now();
    scrubFields(piece.repeat(40_000));
    expect(performance.now() - startedMs).toBeLessThan(1_500);
  }
});

it('Q30 writes none of them into the file, and finds the call all the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cassette-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'tape.jsonl');
  const input = { keys: shapes.map(([, key]) => `key ${key}!`), places: places.map(([, value]) => value) };
  const step = record(async (given: typeof input) => given, path);
  await step(input);
  const file = readFileSync(path, 'utf8');
  expect(file).not.toContain(plain);
  for (const [, key] of shapes) expect(file).not.toContain(key.slice(8, 24));
  await expect(replay(path)(input)).resolves.toBeDefined();
});
