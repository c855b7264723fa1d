import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Document } from '../core/index.js';
import { loadBytes, type Loaded, type Loader } from './index.js';

const folder = 'test/fixtures/documents';
const fixture = (name: string): Uint8Array => readFileSync(`${folder}/${name}`);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const only = (loaded: Loaded): Document => {
  expect(loaded.documents.length).toBe(1);
  return loaded.documents[0]!;
};

describe('loadBytes', () => {
  it('picks the loader by media type, then by name, then by content', async () => {
    expect(only(await loadBytes(utf8('# A'), { mediaType: 'text/markdown; charset=utf-8' })).metadata?.format).toBe(
      'markdown',
    );
    expect(only(await loadBytes(utf8('{"a":1}'), { mediaType: 'application/problem+json' })).text).toBe('a: 1');
    expect(only(await loadBytes(utf8('a,b\n1,2'), { name: 'x.CSV' })).text).toBe('a: 1\nb: 2');
    expect((await loadBytes(fixture('tides.pdf'))).documents.length).toBe(3);
    expect(only(await loadBytes(fixture('report.docx'), { name: 'upload.bin' })).metadata?.format).toBe('docx');
    expect(only(await loadBytes(utf8('<!DOCTYPE html><p>Hi</p>'))).text).toBe('Hi');
    expect(only(await loadBytes(utf8('plain'))).source).toBe('upload');
    expect(only(await loadBytes(new Uint8Array([0xe9]), { mediaType: 'text/plain; charset=ISO-8859-1' })).text).toBe(
      'é',
    );
  });

  it('takes loaders of your own before the built-in ones', async () => {
    const shout: Loader = ({ source, bytes }) => ({
      type: 'loaded',
      source,
      documents: [{ id: source, text: new TextDecoder().decode(bytes).toUpperCase() }],
      notices: [],
    });
    const loaders = { '.txt': shout, '.xyz': shout };
    expect(only(await loadBytes(utf8('hi'), { name: 'a.txt', loaders })).text).toBe('HI');
    expect(only(await loadBytes(utf8('hi'), { name: 'a.xyz', loaders })).text).toBe('HI');
    const broken: Loader = () => {
      throw new TypeError('bug in a parser');
    };
    await expect(loadBytes(utf8('hi'), { name: 'a.txt', loaders: { '.txt': broken } })).rejects.toMatchObject({
      code: 'document-damaged',
      message: 'a.txt cannot be read: bug in a parser.',
    });
  });

  it('refuses what no loader reads, what is too large, and a wrong limit', async () => {
    await expect(loadBytes(new Uint8Array([0, 1, 2]), { name: 'constructor' })).rejects.toMatchObject({
      code: 'document-unsupported',
    });
    await expect(loadBytes(utf8('12345'), { maxFileBytes: 4 })).rejects.toThrow(
      'upload has 5 bytes, more than `maxFileBytes` (4)',
    );
    await expect(loadBytes(utf8('1'), { maxFileBytes: Number.NaN })).rejects.toMatchObject({ code: 'bad-option' });
  });
});
