import { describe, expect, it } from 'vitest';
import { user } from '../core/index.js';
import { scripted } from '../testing/index.js';
import { modelQueryKind, type QueryKind, queryKind, splitQuestion } from './index.js';

describe('queryKind', () => {
  it.each<[string, QueryKind]>([
    ['When was Warsaw founded?', 'fact'],
    ['How many people live in Oslo?', 'fact'],
    ['Is the seal covered by the warranty?', 'fact'],
    ['How do I abort a retry?', 'explanation'],
    ['Why does bread rise?', 'explanation'],
    ['What is the difference between tin and copper?', 'comparison'],
    ['Which is older, Oslo or Bergen?', 'comparison'],
    ['List the ports of Norway.', 'aggregation'],
    ['What are all the options of retry?', 'aggregation'],
    ['Who founded Acme and when did she die?', 'multi-hop'],
    ['pump warranty', 'keywords'],
    ['Wann wurde Warschau gegründet und von wem?', 'other'],
  ])('takes "%s" for a %s', (question, kind) => {
    expect(queryKind({ question })).toBe(kind);
  });

  it('knows a question that leans on the conversation', () => {
    const history = [user('How old is Oslo?')];
    expect(queryKind({ question: 'And how large is it?', history })).toBe('follow-up');
    expect(queryKind({ question: 'How large is the harbour of Bergen in Norway?', history })).toBe('fact');
  });

  it('does not go through a long question with patterns that backtrack', () => {
    // Without a bound this takes a minute, and the test runs into its time-out.
    for (const piece of ['and who ', 'of the x that ', 'the a who b of ', 'better ']) {
      expect(queryKind({ question: piece.repeat(20_000) })).toBeDefined();
    }
  });
});

describe('modelQueryKind', () => {
  it('reads the kind in a reply, and refuses a reply with none or several', async () => {
    expect(await modelQueryKind(scripted(['It is a **Comparison**.']))({ question: 'Tin or copper?' })).toBe(
      'comparison',
    );
    for (const reply of ['No idea.', 'fact or comparison']) {
      await expect(modelQueryKind(scripted([reply]))({ question: 'x?' })).rejects.toMatchObject({
        code: 'output-invalid',
      });
    }
  });
});

describe('splitQuestion', () => {
  const partsOf = (question: string) => splitQuestion(question).parts.map((part) => [part.question, part.needs.length]);

  it('takes apart what asks several things', () => {
    expect(partsOf('When was Tesla born and where did he die?')).toEqual([
      ['When was Tesla born?', 0],
      ['where did he die?', 1],
    ]);
    expect(partsOf('Who wrote Hamlet? When did the author of Faust die?')).toEqual([
      ['Who wrote Hamlet?', 0],
      ['When did the author of Faust die?', 0],
    ]);
  });

  it('leaves all else whole', () => {
    for (const question of ['When was Tesla born?', 'Who sells salt and pepper?', 'Really? Why?', 'What and how?']) {
      expect(partsOf(question)).toEqual([[question, 0]]);
    }
  });
});
