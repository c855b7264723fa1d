import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenCounter } from '../model/index.js';
import { type ScriptTurn, scripted, testRun } from '../testing/index.js';
import { translate } from './index.js';
import { lostIn } from './survivors.js';

describe('what survives a translation', () => {
  it.each<[string, string, string[]]>([
    ['Hello {name}, you have %d mails.', 'Hallo {name}, du hast %d Mails.', []],
    ['Hello {name}', 'Hallo {Name}', ['{name}']],
    ['Hello {{ user.name }}', 'Hallo', ['{{ user.name }}']],
    ['Run `npm test` now', 'Führe `npm Test` aus', ['`npm test`']],
    ['See https://a.example/x?b=1.', 'Siehe https://a.example/x?b=1.', []],
    ['Write to me@a.example', 'Schreib an ich@a.example', ['me@a.example']],
    ['A <b>bold</b> word', 'Ein <b>fettes Wort', ['</b>']],
    ['It costs 1,250.50 €', 'Es kostet 1.250,50 €', []],
    ['It costs 1,250 €', 'Es kostet 1.520 €', ['1,250']],
    ['It has 3 parts', 'Es hat drei Teile', []],
    ['{a} and {a}', '{a} und', ['{a}']],
  ])('%s → %s', (text, translation, lost) => {
    expect(lostIn(text, translation, {}).map(({ expected }) => expected)).toEqual(lost);
  });

  it('wants the glossary for terms that the text holds, in any form of the word', () => {
    const glossary = { invoice: 'Rechnung', purchase: 'Einkauf' };
    expect(lostIn('Two invoices and an invoice', 'Die Rechnungen', glossary)).toEqual([]);
    expect(lostIn('An invoice', 'Eine Faktura', glossary)).toMatchObject([{ kind: 'term', expected: 'Rechnung' }]);
  });

  it('loses nothing in a copy', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        expect(lostIn(text, text, {})).toEqual([]);
      }),
    );
  });
});

const copy: ScriptTurn = ({ messages }) =>
  messages
    .flatMap(({ content }) => (typeof content === 'string' ? [] : content))
    .flatMap((part) => (part.type === 'source' ? [part.text.toUpperCase()] : []))
    .join('');
const copier = () =>
  scripted([copy], {
    id: 'gpt-4o',
    shouldRepeat: true,
    limits: { contextTokens: 500 },
    features: { reasoning: false },
  });

describe('translate', () => {
  it('asks once more for what did not survive', async () => {
    const model = scripted(['Hallo!', 'Hallo {name}!']);
    expect(await translate(model, { to: 'German' })('Hello {name}!')).toEqual({
      text: 'Hallo {name}!',
      problems: [],
      pieces: 1,
    });
    expect(JSON.stringify(model.requests[1]?.messages.at(-1))).toContain('{name} must stand there once, and does not');
  });

  it('tells what is missing after that', async () => {
    const { problems, text } = await translate(scripted(['Hallo!', 'Hallo {nom}!']), { to: 'German' })('Hello {name}!');
    expect(text).toBe('Hallo {nom}!');
    expect(problems).toEqual([{ kind: 'placeholder', expected: '{name}', inText: 1, inTranslation: 0 }]);
  });

  it('tells the model the language, and the terms that the text holds alone', async () => {
    const model = scripted(['Die Rechnung']);
    await translate(model, { to: 'German', from: 'English', glossary: { invoice: 'Rechnung', tax: 'Steuer' } })(
      'The invoice',
    );
    const rules = String(model.requests[0]?.messages[0]?.content);
    expect(rules).toContain('from English to German');
    expect(rules).toContain('invoice = Rechnung');
    expect(rules).not.toContain('Steuer');
  });

  it('puts long texts together again in order, with the white space between, within the window', async () => {
    const sentence = fc.constantFrom('One fine day. ', 'It rains!\n\n', '  And so on.  ', 'Why not?\n', 'word ');
    await fc.assert(
      fc.asyncProperty(fc.array(sentence, { maxLength: 120 }), async (parts) => {
        const model = copier();
        const text = parts.join('');
        expect((await translate(model, { to: 'loud English' })(text)).text).toBe(text.toUpperCase());
        for (const request of model.requests) {
          const { tokens } = await tokenCounter('gpt-4o').countRequest(request);
          expect(tokens + (request.maxOutputTokens ?? 0)).toBeLessThanOrEqual(500);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('fails as a whole when a piece does, and stops when it is cancelled', async () => {
    const { run, abort } = testRun();
    const stalled = scripted([[{ type: 'stall' }]], { shouldRepeat: true });
    const pending = translate(stalled, { to: 'German' })('Hello', run);
    setTimeout(() => abort(new Error('enough')), 10);
    await expect(pending).rejects.toThrow('enough');
    const refusing = scripted([[{ type: 'finish', reason: 'content-filter' }]]);
    await expect(translate(refusing, { to: 'German' })('Hello')).rejects.toMatchObject({ code: 'content-refused' });
    expect(() => translate(refusing, { to: ' ' })).toThrow('language');
  });
});
