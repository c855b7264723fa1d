export type { Block, MessageBlock, TextBlock } from './block.js';
export type { FittedBlock, LeftOutBlock } from './choose.js';
export { pack, packBy, type PackedBlocks, type PackOptions } from './pack.js';
