import { type Part, PipewrightError } from '../core/index.js';
import type { ChatInput, ChatRequest, ModelFeatures } from './types.js';

/** The whole request that a short form stands for. */
export const requestOf = (input: ChatInput): ChatRequest => {
  if (typeof input === 'string') return { messages: [{ role: 'user', content: input }] };
  return 'messages' in input ? input : { messages: input };
};

const noFeatures: ModelFeatures = {
  tools: false,
  jsonSchema: false,
  jsonSchemaWithTools: false,
  images: false,
  files: false,
  audio: false,
  reasoning: false,
  citations: false,
  logProbs: false,
};

/** Every feature, those left out as false. */
export const allFeatures = (features: Partial<ModelFeatures>): ModelFeatures => ({ ...noFeatures, ...features });

const hasPart = (request: ChatRequest, isMeant: (part: Part) => boolean): boolean =>
  request.messages.some((message) => typeof message.content !== 'string' && message.content.some(isMeant));

const isAudio = (part: Part): boolean => part.type === 'file' && part.mediaType.startsWith('audio/');

const hasTools = (request: ChatRequest): boolean => (request.tools?.length ?? 0) > 0;
const hasSchema = (request: ChatRequest): boolean => request.output?.type === 'json-schema';

/** What makes a request need a feature, and what that is in words. */
const uses: readonly (readonly [keyof ModelFeatures, isUsed: (request: ChatRequest) => boolean, what: string])[] = [
  ['tools', hasTools, 'call tools'],
  ['jsonSchema', hasSchema, 'answer in a JSON schema'],
  [
    'jsonSchemaWithTools',
    (request) => hasTools(request) && hasSchema(request),
    'call tools and answer in a JSON schema in one request',
  ],
  ['images', (request) => hasPart(request, ({ type }) => type === 'image'), 'read images'],
  ['files', (request) => hasPart(request, (part) => part.type === 'file' && !isAudio(part)), 'read files'],
  ['audio', (request) => hasPart(request, isAudio), 'listen to sound'],
  ['reasoning', ({ reasoning = 'none' }) => reasoning !== 'none', 'set how hard to think'],
  ['logProbs', ({ logProbs }) => logProbs !== undefined, 'tell log-probabilities'],
];

/** The features without which a model cannot take the request. */
export const featuresOf = (request: ChatRequest): readonly (keyof ModelFeatures)[] =>
  uses.filter(([, isUsed]) => isUsed(request)).map(([feature]) => feature);

/** Refuses what the model cannot do, before anything is sent. */
export const checkFeatures = (id: string, features: ModelFeatures, request: ChatRequest): void => {
  if (request.messages.length === 0) {
    throw new PipewrightError('bad-input', `${id} was given no messages. Give it at least one.`);
  }
  for (const [feature, isUsed, what] of uses) {
    if (!features[feature] && isUsed(request)) {
      throw new PipewrightError('unsupported', `${id} cannot ${what}. Choose another model or leave that out.`);
    }
  }
};
