import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createRun, type Document } from '../core/index.js';
import { type Loaded, type Loader, loadFile, pdfLoader } from './index.js';

const folder = 'test/fixtures/documents';
const fixture = (name: string): Uint8Array => readFileSync(`${folder}/${name}`);
const only = (loaded: Loaded): Document => {
  expect(loaded.documents.length).toBe(1);
  return loaded.documents[0]!;
};

describe('pdfLoader', () => {
  it('reads pages with columns in reading order, tables by row, and tells of a page without text', async () => {
    const { documents, notices } = await loadFile(`${folder}/tides.pdf`);
    expect(documents.map(({ id, title, place }) => [id, title, place])).toEqual([
      [`${folder}/tides.pdf#page=1`, 'Tides', { page: 1 }],
      [`${folder}/tides.pdf#page=2`, 'Tides', { page: 2 }],
      [`${folder}/tides.pdf#page=3`, 'Tides', { page: 3 }],
    ]);
    expect(documents[0]?.text).toBe(
      'A Short Book of Tides\n\n' +
        'The sea rises and falls twice a day because the moon pulls the water on the near side more than the water on the far side. ' +
        'The left column ends with the word anchor, and no other line has it.\n\n' +
        'The right column begins with harbours, which fill and empty with the tide. A sailor reads the tide table before he leaves, ' +
        'and the right column ends with the word lighthouse as its very last word.\n\n1',
    );
    expect(documents[1]?.text).toBe('');
    expect(documents[2]?.text).toContain('| Brest | 06:12 | 18:40 |\n| Cuxhaven | 04:55 | 17:21 |');
    expect(notices).toEqual([`${folder}/tides.pdf: page 2 has no text; it may be a scan, which needs OCR.`]);
  });

  it('recovers what a damaged file still holds, and reports what holds nothing', async () => {
    const whole = await loadFile(`${folder}/tides.pdf`);
    const damaged = await loadFile(`${folder}/tides-damaged.pdf`);
    expect(damaged.documents.map(({ text }) => text)).toEqual(whole.documents.map(({ text }) => text));
    await expect(loadFile(`${folder}/broken.pdf`)).rejects.toMatchObject({ code: 'document-damaged' });
  });

  it('opens an encrypted file with its password only', async () => {
    const load = (loader: Loader): Promise<Loaded> => loadFile(`${folder}/locked.pdf`, { loaders: { '.pdf': loader } });
    await expect(loadFile(`${folder}/locked.pdf`)).rejects.toMatchObject({
      code: 'document-encrypted',
      message: expect.stringMatching(/Give its password/),
    });
    await expect(load(pdfLoader({ password: 'wrong' }))).rejects.toMatchObject({
      code: 'document-encrypted',
      message: expect.stringMatching(/does not open it/),
    });
    expect(only(await load(pdfLoader({ password: 'sesame' }))).text).toBe('The key lies under the mat.');
  });

  it('leaves out pages beyond the limit, with a notice, and tells its progress', async () => {
    const events: string[] = [];
    const run = createRun({ on: (event) => event.type === 'progress' && events.push(`${event.done}/${event.total}`) });
    const { documents, notices } = await pdfLoader({ maxPages: 1 })(
      { source: 't.pdf', bytes: fixture('tides.pdf') },
      run,
    );
    expect(documents.length).toBe(1);
    expect(notices).toEqual(['t.pdf: pages 2 to 3 were left out because of `maxPages`.']);
    expect(events).toEqual(['1/1']);
    expect(() => pdfLoader({ maxPages: 0 })).toThrow(/maxPages/);
  });

  it('gives up at its deadline and when the run is cancelled, and leaves no timer', async () => {
    let pending = 0;
    const clockWith = (onTimer: (fire: () => void) => void) => ({
      now: () => 0,
      after: (_ms: number, callback: () => void) => {
        pending++;
        onTimer(callback);
        return () => {
          pending--;
        };
      },
    });
    const bytes = fixture('tides.pdf');
    const late = pdfLoader()({ source: 't.pdf', bytes }, createRun({ clock: clockWith(queueMicrotask) }));
    await expect(late).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/t\.pdf could not be read within 120000 ms/),
    });
    const clock = clockWith(() => undefined);
    const controller = new AbortController();
    const cancelled = pdfLoader()({ source: 't.pdf', bytes }, createRun({ signal: controller.signal, clock }));
    controller.abort(new Error('enough'));
    await expect(cancelled).rejects.toThrow('enough');
    expect(pending).toBe(0);
    expect(bytes.byteLength).toBeGreaterThan(0);
  });
});
