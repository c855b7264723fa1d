import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRun } from '../core/index.js';
import { imagesOf, loadBytes, loadFile, loadImages, multimodalLoader, type Tesseract, tesseract } from './index.js';
import { encodePng } from './png.js';

const shared = join(process.env.PIPEWRIGHT_DATA ?? '../shared/data', 'documents');
const isThere = existsSync(shared);
if (!isThere) console.warn(`Left out: pictures of real documents, because ${shared} is absent.`);

/** White, with a black square. */
const picture = await encodePng({
  width: 64,
  height: 64,
  channels: 1,
  data: Uint8Array.from({ length: 64 * 64 }, (_, i) => (i % 64 < 32 && i < 32 * 64 ? 0 : 255)),
});
const dataUrl = `data:image/png;base64,${Buffer.from(picture).toString('base64')}`;
const page = (body: string): Uint8Array =>
  Buffer.from(`<html><head><title>Pumps</title></head><body>${body}</body></html>`);

describe('encodePng', () => {
  it('writes a file whose rows are the pixels', () => {
    const png = Buffer.from(picture);
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    expect([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]]).toEqual([64, 64, 8, 0]);
    const at = png.indexOf('IDAT');
    const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
    expect(rows).toHaveLength(65 * 64);
    expect([rows[0], rows[1], rows[33], rows[65 * 40 + 1]]).toEqual([0, 0, 255, 255]);
    // The check sum of the empty last chunk is the same in every PNG.
    expect(png.subarray(-4).toString('hex')).toBe('ae426082');
  });
});

describe('imagesOf', () => {
  it('finds the pictures that stand in a page, with what the page says of them, and tells of the others', async () => {
    const html = page(
      `<figure><img src="${dataUrl}" alt="A pump"><figcaption>The northern  pump</figcaption></figure>` +
        `<img src="${dataUrl}" width="16" height="16"><img src="pump.png"><img src="data:image/png;base64,">`,
    );
    const { images, notices } = await imagesOf({ source: 'a.html', bytes: html });
    expect(images.map(({ id, alt, mediaType }) => [id, alt, mediaType])).toEqual([
      ['a.html#image=1', 'A pump. The northern pump', 'image/png'],
    ]);
    expect(Buffer.from(images[0]!.data).equals(picture)).toBe(true);
    expect(notices).toEqual([
      'a.html: a picture in the page is damaged.',
      'a.html: pictures in files of their own were not read: 1.',
    ]);
  });

  it('gives a picture file itself, nothing for a file without pictures, and keeps to its limit', async () => {
    expect((await imagesOf({ source: 'x.PNG', bytes: picture })).images).toMatchObject([{ mediaType: 'image/png' }]);
    expect(await imagesOf({ source: 'x.csv', bytes: Buffer.from('a,b') })).toEqual({ images: [], notices: [] });
    const html = page(`<img src="${dataUrl}">`.repeat(5));
    const { images, notices } = await imagesOf({ source: 'a.html', bytes: html }, { maxImages: 2 });
    expect(images).toHaveLength(2);
    expect(notices).toEqual(['a.html: pictures left out because of `maxImages`: 3.']);
    await expect(imagesOf({ source: 'a.html', bytes: html }, { maxImages: 0 })).rejects.toMatchObject({
      code: 'bad-option',
    });
    await expect(loadImages('no-such-file.pdf')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('multimodalLoader', () => {
  it('gives text, tables and pictures side by side, told apart by their modality', async () => {
    const html = page(
      `<h1>Pumps</h1><p>${'Two pumps stand in the hall. '.repeat(30)}</p>` +
        '<table><caption>Pressure</caption><tr><th>Pump</th><th>Bar</th></tr><tr><td>North</td><td>4</td></tr></table>' +
        `<img src="${dataUrl}" alt="The northern pump">`,
    );
    const loader = multimodalLoader({
      ocr: () => ({ text: 'SERIAL 4711', confidence: 0.9 }),
      caption: async ({ alt }) => `A photograph: ${alt}.`,
    });
    const { documents } = await loadBytes(html, { name: 'p.html', loaders: { '.html': loader } });
    expect(documents.map(({ id, metadata }) => [id, metadata?.modality])).toEqual([
      ['p.html', 'text'],
      ['p.html#table=1', 'table'],
      ['p.html#image=1', 'image'],
    ]);
    expect(documents[1]?.text).toBe('| Pump | Bar |\n| --- | --- |\n| North | 4 |');
    expect(documents[1]?.title).toBe('Pressure');
    expect(documents[2]?.text).toBe('The northern pump\n\nA photograph: The northern pump.\n\nSERIAL 4711');
  });

  it('reports a picture that its engines cannot read, leaves out what is unsure, and stops when it is aborted', async () => {
    const html = page(`<p>Text.</p><img src="${dataUrl}" alt="One">`);
    const load = (loader: ReturnType<typeof multimodalLoader>, run = createRun()) =>
      loadBytes(html, { name: 'p.html', loaders: { '.html': loader } }, run);
    const failing = await load(
      multimodalLoader({
        caption: () => {
          throw new Error('no eyes');
        },
      }),
    );
    expect(failing.notices).toEqual(['p.html#image=1 was left out: no eyes']);
    const unsure = await load(multimodalLoader({ ocr: () => ({ text: 'x$§', confidence: 0.2 }) }));
    expect(unsure.documents.at(-1)?.text).toBe('One');
    const controller = new AbortController();
    const aborting = multimodalLoader({
      caption: () => {
        controller.abort('enough');
        return 'late';
      },
    });
    await expect(load(aborting, createRun({ signal: controller.signal }))).rejects.toBe('enough');
  });
});

describe('tesseract', () => {
  let ocr: Tesseract;
  beforeAll(async () => {
    ocr = await tesseract();
  });
  afterAll(() => ocr[Symbol.asyncDispose]());

  it('says which bytes are no picture, and goes on', async () => {
    const broken = { id: 'x.png', source: 'x.png', mediaType: 'image/png', data: Buffer.from('no picture') };
    await expect(ocr(broken)).rejects.toMatchObject({ code: 'document-damaged' });
    await expect(ocr({ ...broken, data: picture.subarray(0, 60) })).rejects.toMatchObject({ code: 'document-damaged' });
    expect(await ocr({ ...broken, data: picture })).toMatchObject({ confidence: expect.any(Number) });
  });

  it.runIf(isThere)('reads the page of a scan, which then has its text', async () => {
    const loader = multimodalLoader({ ocr });
    const { documents, notices } = await loadFile(`${shared}/pdf/scanned-image-only.pdf`, {
      loaders: { '.pdf': loader },
    });
    const expected = readFileSync(`${shared}/pdf/scanned-image-only.ocr.md`, 'utf8');
    expect(documents).toHaveLength(1);
    expect(documents[0]?.text.replace(/\s+/gu, ' ')).toBe(expected.replace(/\s+/gu, ' ').trim());
    expect(documents[0]).toMatchObject({ place: { page: 1 }, metadata: { modality: 'text', isScan: true } });
    expect(notices).toEqual([]);
  });

  it.runIf(isThere)('reads the pictures of a DOCX beside its tables', async () => {
    const path = `${shared}/docx/report-with-table-and-images.docx`;
    const { documents } = await loadFile(path, { loaders: { '.docx': multimodalLoader({ ocr }) } });
    expect(new Set(documents.map(({ metadata }) => metadata?.modality))).toEqual(new Set(['text', 'table', 'image']));
    expect(documents.find(({ metadata }) => metadata?.modality === 'image')?.text).toContain(
      'Enabling Next-Gen LLM\nApplications via Multi-Agent Conversation',
    );
  });

  it('refuses to read after it was closed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pipewright-ocr-'));
    await writeFile(join(folder, 'a.png'), picture);
    const engine = await tesseract();
    await engine[Symbol.asyncDispose]();
    const { images } = await loadImages(join(folder, 'a.png'));
    await expect(engine(images[0]!)).rejects.toMatchObject({ code: 'store-closed' });
  });
});
