import { type Message, textOf } from '../core/index.js';

interface BlockBase {
  readonly id: string;
  /** How much it matters whatever is asked. @default 1 */
  readonly priority?: number;
  /** How much it has to do with what is asked, such as the score of a search. @default 1 */
  readonly relevance?: number;
}

/** A text that may go into a context, or its beginning. */
export interface TextBlock extends BlockBase {
  readonly text: string;
}

/** Messages that go into a context all together or not at all. */
export interface MessageBlock extends BlockBase {
  readonly messages: readonly Message[];
}

export type Block = TextBlock | MessageBlock;

/** What is worth its place first. */
export const worthOf = ({ priority = 1, relevance = 1 }: BlockBase): number => priority * relevance;

export const textOfBlock = (block: Block): string =>
  'text' in block ? block.text : block.messages.map(textOf).join('\n');

/** Highest first; equal ones as they were given. */
export const inOrderOf = <B>(blocks: readonly B[], worth: (block: B) => number): readonly B[] =>
  blocks
    .map((block) => ({ block, worth: worth(block) }))
    .sort((a, b) => b.worth - a.worth)
    .map(({ block }) => block);

/** Best first and last, the others between them: models read the middle of a long context worst. */
export const bestAtEdges = <B>(ranked: readonly B[]): readonly B[] => [
  ...ranked.filter((_, rank) => rank % 2 === 0),
  ...ranked.filter((_, rank) => rank % 2 === 1).reverse(),
];
