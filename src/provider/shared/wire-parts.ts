import { type Part, PipewrightError, type Role, type ToolResultPart } from '../../core/index.js';

/** A tool's output as the text that a model reads. */
export const outputText = ({ output }: ToolResultPart): string =>
  typeof output === 'string' ? output : (JSON.stringify(output) ?? 'null');

/** For a part that a message of this role cannot hold. */
export const misplacedPart = (id: string, role: Role, part: Part): PipewrightError =>
  new PipewrightError(
    'bad-input',
    `${id}: a message of the role \`${role}\` cannot hold a part of the type \`${part.type}\`. Put it into a message of another role.`,
  );

/** What a part of each type must hold, for telling parts from other JSON. */
const isPart = (value: unknown): value is Part => {
  if (typeof value !== 'object' || value === null) return false;
  const { type, text, id, data, mediaType, provider } = value as Readonly<Record<string, unknown>>;
  const isData = data instanceof Uint8Array || data instanceof URL;
  switch (type) {
    case 'text':
      return typeof text === 'string';
    case 'source':
      return typeof id === 'string' && typeof text === 'string';
    case 'image':
      return isData;
    case 'file':
      return isData && typeof mediaType === 'string';
    case 'provider':
      return typeof provider === 'string';
    default:
      return false;
  }
};

/** A tool's output as parts, where it is a list of them: texts, pictures, files, sources. Undefined for any other value. */
export const outputParts = ({ output }: ToolResultPart): readonly Part[] | undefined =>
  Array.isArray(output) && output.length > 0 && output.every(isPart) ? output : undefined;
