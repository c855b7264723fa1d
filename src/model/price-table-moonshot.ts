import { chatEntry, modelsDev, modelsDevInJuly } from './price-entry.js';
import type { PriceTable } from './prices.js';

const july = modelsDevInJuly('moonshotai');
const k3 = modelsDev('2026-07-17', '4627ad238eca2d8bc9e10f8e0886440706db5379', 'moonshotai/models/kimi-k3.toml');

/** Kimi at Moonshot itself: its weights are open, and other servers have other prices. */
export const moonshotPrices: PriceTable = {
  'moonshot:kimi-k3': chatEntry(k3, [3, 15, 0.3], 1_048_576, 1_048_576),
  'moonshot:kimi-k2.7-code': chatEntry(july, [0.95, 4, 0.19], 262_144, 262_144),
  'moonshot:kimi-k2.7-code-highspeed': chatEntry(july, [1.9, 8, 0.38], 262_144, 262_144),
  'moonshot:kimi-k2.6': chatEntry(july, [0.95, 4, 0.16], 262_144, 262_144),
  'moonshot:kimi-k2.5': chatEntry(july, [0.6, 3, 0.1], 262_144, 262_144),
};
