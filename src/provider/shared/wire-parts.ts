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
