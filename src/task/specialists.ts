import { callStep, defineStep, parallel, type Run, type Step } from '../core/index.js';
import type { ChatModel } from '../model/index.js';
import { type Classification, classify, type ClassifyOptions } from './classify.js';
import { extract, type Extraction, type ExtractOptions } from './extract.js';
import { unsure } from './labels.js';
import type { LabelScore } from './log-probs.js';
import { type RecordFields, type RecordOf, recordSchema } from './record-schema.js';
import { type Sentiment, sentiment } from './sentiment.js';
import { tag, type TagOptions } from './tag.js';

/** What customers write about. */
export const serviceIntents = [
  { name: 'billing', description: 'charges, invoices, refunds, payment' },
  { name: 'order', description: 'placing, changing or cancelling an order' },
  { name: 'delivery', description: 'where it is, late, lost, damaged on the way' },
  { name: 'product', description: 'questions before buying, how something works' },
  { name: 'technical problem', description: 'something does not work, errors, crashes' },
  { name: 'account', description: 'login, password, personal data, subscription' },
  { name: 'complaint', description: 'dissatisfied with service or people' },
  { name: 'praise', description: 'thanks, recommendation' },
  { name: 'other', description: 'none of these' },
] as const;

export type ServiceIntent = (typeof serviceIntents)[number]['name'];

const urgencies = [
  { name: 'urgent', description: 'harm, loss of money or a deadline within a day' },
  { name: 'normal', description: 'wants an answer, can wait a day or two' },
  { name: 'low', description: 'needs no answer soon, or none' },
] as const;

export type Urgency = (typeof urgencies)[number]['name'];

export interface ServiceTicket {
  readonly intent: Classification<ServiceIntent>;
  readonly urgency: Classification<Urgency>;
  readonly sentiment: Sentiment;
  /** The intent is unsure, the matter urgent, or the customer complains. */
  readonly needsPerson: boolean;
}

/**
 * Makes a step that reads a customer's message: intent, urgency, mood. Three classifications side by side, so three times
 * what `classify` costs.
 * @throws {PipewrightError} `bad-option`.
 * @example explain(customerService(scripted([]), { confidence: 'self-report' })).maxModelCalls // => 6
 */
export const customerService = (model: ChatModel, options: ClassifyOptions = {}): Step<string, ServiceTicket> => {
  const read = parallel({
    intent: classify(model, serviceIntents, options),
    urgency: classify(model, urgencies, options),
    sentiment: sentiment(model, options),
  });
  return defineStep({ kind: 'customer-service', children: [{ step: read }] }, async (text: string, run: Run) => {
    const ticket = await callStep(read, text, run);
    const { intent, urgency } = ticket;
    const needsPerson = intent.label === unsure || intent.label === 'complaint' || urgency.label === 'urgent';
    return { ...ticket, needsPerson };
  });
};

/** What is not wanted in what people write. */
export const moderationLabels = [
  { name: 'harassment', description: 'insults, bullying, threats to a person' },
  { name: 'hate', description: 'contempt for a group by origin, faith, sex, disability' },
  { name: 'self-harm', description: 'wish, plan or encouragement to hurt oneself' },
  { name: 'sexual', description: 'meant to arouse' },
  { name: 'sexual minors', description: 'sexual content about anyone under 18' },
  { name: 'violence', description: 'praises or depicts bodily harm' },
  { name: 'crime', description: 'how to break the law, offers of illegal goods' },
  { name: 'personal data', description: "somebody's address, number, account, health" },
  { name: 'spam', description: 'unwanted advertising, fraud' },
] as const;

export type ModerationLabel = (typeof moderationLabels)[number]['name'];

export interface ModerationVerdict {
  readonly isFlagged: boolean;
  readonly labels: readonly LabelScore<ModerationLabel>[];
  /** Labels named with a confidence below the threshold: for a person to look at. */
  readonly unsure: readonly LabelScore<ModerationLabel>[];
}

/**
 * Makes a step that tells which of `moderationLabels` a text has. A model reads it, so it costs what `tag` costs, and it can be
 * talked to: where harm is real, put a provider's moderation endpoint and people behind it.
 * @throws {PipewrightError} `bad-option`.
 * @example (await moderate(scripted(['{"labels": []}']))('Good morning')).isFlagged // => false
 */
export const moderate = (model: ChatModel, options: TagOptions = {}): Step<string, ModerationVerdict> => {
  const read = tag(model, moderationLabels, options);
  return defineStep({ kind: 'moderate', children: [{ step: read }] }, async (text: string, run: Run) => {
    const { labels, unsure: doubtful } = await callStep(read, text, run);
    return { isFlagged: labels.length > 0, labels, unsure: doubtful };
  });
};

/** Fields of records that are typed in by hand again and again. */
export const entryForms = {
  contact: { name: 'text', company: 'text', email: 'email', phone: 'phone', address: 'text' },
  invoice: {
    number: { kind: 'text', description: 'The number of the invoice.' },
    vendor: 'text',
    date: 'date',
    due: 'date',
    currency: { kind: 'text', description: 'Three letters, such as EUR.' },
    total: { kind: 'number', description: 'With tax.' },
    tax: 'number',
  },
  appointment: {
    title: 'text',
    date: 'date',
    time: { kind: 'text', description: 'HH:MM' },
    place: 'text',
    with: 'text',
  },
  order: {
    customer: 'text',
    product: 'text',
    quantity: 'number',
    price: 'number',
    deliveryDate: 'date',
    address: 'text',
  },
} as const;

/**
 * Makes a step that fills in a form from a text: an `extract` over the fields, each with the words that say it and checked for its
 * kind. It costs what `extract` costs.
 * @throws {PipewrightError} `bad-option`.
 * @example (await dataEntry(scripted(['{"name": {"value": "Ada", "quote": "I am Ada"}}']), entryForms.contact)('Hi, I am Ada.')).value // => { name: 'Ada' }
 */
export const dataEntry = <const Fields extends RecordFields>(
  model: ChatModel,
  fields: Fields,
  options: ExtractOptions = {},
): Step<string, Extraction<RecordOf<Fields>>> => extract(model, recordSchema(fields), options);
