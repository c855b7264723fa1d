import { describe, expect, it } from 'vitest';
import { createRun } from '../core/index.js';
import { describeEmbedder } from '../testing/suites/index.js';
import { localEmbedder } from './index.js';

describeEmbedder('localEmbedder', { create: () => localEmbedder() });
describeEmbedder('localEmbedder with few dimensions', { create: () => localEmbedder({ dimensions: 64 }) });

const similarity = async (a: string, b: string): Promise<number> => {
  const [first = new Float32Array(0), second = new Float32Array(0)] = await localEmbedder()([a, b]);
  return first.reduce((sum, value, at) => sum + value * (second[at] ?? 0), 0);
};

describe('localEmbedder', () => {
  it('gives the vectors that this version has always given', async () => {
    const embedder = localEmbedder({ dimensions: 16 });
    expect(embedder.id).toBe('local:lexical-v1-16');
    const [vector] = await embedder(['Refunds take five days.']);
    expect(Array.from(vector ?? [], (value) => value.toFixed(6))).toMatchInlineSnapshot(`
      [
        "-0.489277",
        "0.556619",
        "-0.099873",
        "0.065057",
        "-0.065972",
        "0.000000",
        "0.251196",
        "0.146783",
        "0.489277",
        "-0.122319",
        "-0.146783",
        "-0.263561",
        "-0.022446",
        "0.000000",
        "0.041369",
        "0.000000",
      ]
    `);
  });

  it('puts texts that share words or parts of words near each other', async () => {
    const same = await similarity('refund policy', 'The policy for refunds');
    const inflected = await similarity('retrieving documents', 'document retrieval');
    const misspelt = await similarity('aerodynamics', 'aerodinamics');
    const strange = await similarity('refund policy', 'supersonic wing');
    expect(same).toBeGreaterThan(0.6);
    expect(inflected).toBeGreaterThan(0.4);
    expect(misspelt).toBeGreaterThan(0.1);
    expect(Math.abs(strange)).toBeLessThan(0.1);
  });

  it('gives rare words more weight than frequent ones', async () => {
    const rare = await similarity('people of the slipstream', 'slipstream');
    const frequent = await similarity('people of the slipstream', 'people');
    expect(rare).toBeGreaterThan(frequent);
    expect(await similarity('the of and slipstream', 'the of and refund')).toBeLessThan(0.3);
  });

  it('hears word order a little, and knows no meanings', async () => {
    const ordered = await similarity('dog bites postman', 'dog bites postman');
    const turned = await similarity('dog bites postman', 'postman bites dog');
    expect(turned).toBeLessThan(ordered - 0.02);
    expect(turned).toBeGreaterThan(0.8);
    expect(Math.abs(await similarity('car', 'automobile'))).toBeLessThan(0.2);
  });

  it('stops between texts when its run aborts', async () => {
    const controller = new AbortController();
    const texts = new Array<string>(200_000).fill('some words of a text');
    const embedding = localEmbedder()(texts, createRun({ signal: controller.signal }));
    setTimeout(() => controller.abort('gone'), 5);
    await expect(embedding).rejects.toBe('gone');
  });

  it('refuses dimensions that are no whole number of at least 16', () => {
    for (const dimensions of [15, 0, -1, 100.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => localEmbedder({ dimensions })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    }
  });
});
