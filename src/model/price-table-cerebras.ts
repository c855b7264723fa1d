import { chatEntry, modelsDev, modelsDevInJuly } from './price-entry.js';
import type { PriceTable } from './prices.js';

const july = modelsDevInJuly('cerebras');
const qwen38 = modelsDev('2026-09-03', '4627ad238eca2d8bc9e10f8e0886440706db5379', 'cerebras/models/qwen-3.8-27b.toml');

/** Cerebras, under its server: others serve the same models at other prices. */
export const cerebrasPrices: PriceTable = {
  'cerebras:gpt-oss-120b': chatEntry(july, [0.35, 0.75], 131_072, 40_960),
  'cerebras:zai-glm-4.7': chatEntry(july, [2.25, 2.75], 131_072, 40_960),
  'cerebras:qwen-3.8-27b': chatEntry(qwen38, [0.99, 1.49], 65_536, 32_768),
};
