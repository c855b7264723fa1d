export type { Block, MessageBlock, TextBlock } from './block.js';
export type { FittedBlock, LeftOutBlock } from './choose.js';
export type { CompressedText, CompressTextInput, TextCompressor } from './compressor.js';
export { extractiveCompressor, type ExtractiveCompressorOptions } from './extractive-compressor.js';
export {
  type LayerBlock,
  type LayerContent,
  type LayerReport,
  type LayerSettings,
  standardLayers,
} from './layer.js';
export {
  type LayerContents,
  type LayeredContext,
  layeredContext,
  type LayeredContextOptions,
} from './layered-context.js';
export { pack, packBy, type PackedBlocks, type PackOptions } from './pack.js';
export { selectingCompressor, type SelectingCompressorOptions } from './selecting-compressor.js';
export { summaryCompressor, type SummaryCompressorOptions } from './summary-compressor.js';
