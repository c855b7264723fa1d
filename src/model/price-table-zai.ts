import { chatEntry, modelsDev, modelsDevInJuly, type Origin } from './price-entry.js';
import type { PriceTable } from './prices.js';

const july = modelsDevInJuly('zai');
const glm53 = (seenOn: string, model: string): Origin =>
  modelsDev(seenOn, '3f2765a58f8466f6d96dade1b4843189eeb6360b', `zhipuai/models/${model}.toml`);

/** GLM at Z.ai itself: its weights are open, and other servers have other prices. */
export const zaiPrices: PriceTable = {
  'zai:glm-5.3': chatEntry(glm53('2026-08-26', 'glm-5.3'), [1.4, 4.4, 0.26], 1_000_000, 131_072),
  'zai:glm-5.3-flash': chatEntry(glm53('2026-09-19', 'glm-5.3-flash'), [0.15, 0.5, 0.03], 1_048_576, 131_072),
  'zai:glm-5.2': chatEntry(july, [1.4, 4.4, 0.26], 1_000_000, 131_072),
  'zai:glm-5.1': chatEntry(july, [1.4, 4.4, 0.26], 200_000, 131_072),
  'zai:glm-5': chatEntry(july, [1, 3.2, 0.2], 204_800, 131_072),
  'zai:glm-5-turbo': chatEntry(july, [1.2, 4, 0.24], 200_000, 131_072),
  'zai:glm-5v-turbo': chatEntry(july, [1.2, 4, 0.24], 200_000, 131_072),
  'zai:glm-4.7': chatEntry(july, [0.6, 2.2, 0.11], 204_800, 131_072),
  'zai:glm-4.7-flashx': chatEntry(july, [0.07, 0.4, 0.01], 200_000, 131_072),
  'zai:glm-4.6': chatEntry(july, [0.6, 2.2, 0.11], 204_800, 131_072),
  'zai:glm-4.5-air': chatEntry(july, [0.2, 1.1, 0.03], 131_072, 98_304),
};
