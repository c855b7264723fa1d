import { describe, expect, it } from 'vitest';
import { describeStore } from '../testing/suites/index.js';
import { memoryStore, scoped } from './index.js';

describeStore('scoped', {
  open: async (clock) => {
    const whole = memoryStore({ clock });
    const other = { type: 'put', value: new Uint8Array([9]) } as const;
    await whole.write(['part', 'part.', 'part0', 'part0/a', 'paru/a', 'a'].map((key) => ({ ...other, key })));
    return scoped(whole, 'part');
  },
});

const one = new Uint8Array([1]);

describe('scoped', () => {
  it('keeps parts apart that share a file', async () => {
    const whole = memoryStore();
    await scoped(whole, 'a').write([{ type: 'put', key: 'x', value: one }]);
    expect(await scoped(whole, 'b').get('x')).toBeUndefined();
    expect(await scoped(whole, 'a').get('x')).toEqual(one);
    expect(await whole.get('a/x')).toEqual(one);
  });

  it('nests', async () => {
    const whole = memoryStore();
    await scoped(scoped(whole, 'a'), 'b').write([{ type: 'put', key: 'x', value: one }]);
    expect(await whole.get('a/b/x')).toEqual(one);
  });

  it('leaves the whole open when a part is closed, and closes with the whole', async () => {
    const whole = memoryStore();
    await using part = scoped(whole, 'a');
    const other = scoped(whole, 'b');
    await part.close();
    await expect(whole.get('x')).resolves.toBeUndefined();
    await whole.close();
    await expect(other.get('x')).rejects.toMatchObject({ code: 'store-closed' });
  });

  it('refuses a name that could reach into another part', () => {
    expect(() => scoped(memoryStore(), '')).toThrow(expect.objectContaining({ code: 'bad-option' }));
    expect(() => scoped(memoryStore(), 'a/b')).toThrow(/must not be empty or hold `\/`/);
  });
});
