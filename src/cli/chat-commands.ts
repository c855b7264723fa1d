import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Conversation, conversationMarkdown, type LoggedMessage } from '../conversation/index.js';
import { PipewrightError, textOf } from '../core/index.js';
import { botFor, type ChatSession, newConversationId, say } from './chat-session.js';
import { colours, count, table } from './terminal.js';

/** What a line that begins with `/` does; returns whether the chat ends. */
interface ChatCommand {
  readonly usage: string;
  readonly help: string;
  readonly run: (session: ChatSession, rest: string) => Promise<boolean | undefined>;
}

const print = ({ io, isJson }: ChatSession, text: string): void => (isJson ? io.err(text) : io.out(text));

const day = (atMs: number): string => new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');

const excerptOf = (text: string, length = 70): string => {
  const line = text.replace(/\s+/gu, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
};

const rowsOf = (session: ChatSession, conversations: readonly Conversation[]): string[][] => {
  const { cyan, dim } = colours(session.io, session.io.isOutTerminal);
  return conversations.map(({ id, title = id, updatedMs, messageCount, parent }, at) => [
    cyan(`${at + 1}`),
    `${id === session.conversationId ? '* ' : ''}${title}${parent === undefined ? '' : ' (branch)'}`,
    dim(`${messageCount} messages`),
    dim(day(updatedMs)),
  ]);
};

const list = async (session: ChatSession, rest: string): Promise<undefined> => {
  const tags = rest === '' ? [] : rest.split(/\s+/u);
  const { conversations } = await session.conversations.list({ limit: 20, tags });
  session.listed = conversations.map(({ id }) => id);
  print(session, conversations.length === 0 ? 'No conversations.\n' : table(rowsOf(session, conversations)));
  return undefined;
};

const messageLine = (session: ChatSession, { seq, message, metadata }: LoggedMessage): string => {
  const { bold, dim } = colours(session.io, session.io.isOutTerminal);
  const cut = metadata?.isCut === true ? dim(' (cut off)') : '';
  return `${dim(`${seq}`.padStart(4))} ${bold(message.role === 'user' ? 'you' : message.role)}: ${textOf(message)}${cut}\n`;
};

const showTail = async (session: ChatSession, limit: number): Promise<void> => {
  for (const entry of await session.conversations.tail(session.conversationId, { limit })) {
    print(session, messageLine(session, entry));
  }
};

const open = async (session: ChatSession, rest: string): Promise<undefined> => {
  const id = session.listed[Number(rest) - 1] ?? rest;
  const conversation = rest === '' ? undefined : await session.conversations.get(id);
  if (conversation === undefined) {
    throw new PipewrightError(
      'bad-input',
      `There is no conversation ${rest}. Name a number that /list or /search shows.`,
    );
  }
  session.conversationId = id;
  print(session, `${conversation.title ?? id}\n`);
  await showTail(session, 6);
  return undefined;
};

const search = async (session: ChatSession, rest: string): Promise<undefined> => {
  if (rest === '') throw new PipewrightError('bad-input', 'Name words to look for: /search roses');
  const hits = await session.conversations.search(rest, { k: 10 });
  session.listed = hits.map(({ conversationId }) => conversationId);
  const { cyan, dim, bold } = colours(session.io, session.io.isOutTerminal);
  for (const [at, { message, createdMs, highlights }] of hits.entries()) {
    const text = textOf(message);
    const from = Math.max(0, (highlights[0]?.start ?? 0) - 30);
    const who = message.role === 'user' ? 'you' : message.role;
    print(session, `${cyan(`${at + 1}`)} ${dim(day(createdMs))} ${bold(who)}: ${excerptOf(text.slice(from))}\n`);
  }
  if (hits.length === 0) print(session, 'Nothing found.\n');
  return undefined;
};

/** The last thing that the user said in the open conversation. */
const lastSaid = async (session: ChatSession): Promise<LoggedMessage> => {
  const { conversations, conversationId } = session;
  if ((await conversations.get(conversationId)) !== undefined) {
    for await (const entry of conversations.backwards(conversationId)) if (entry.message.role === 'user') return entry;
  }
  throw new PipewrightError('bad-input', 'Nothing has been said in this conversation.');
};

const branch = async (session: ChatSession, rest: string): Promise<undefined> => {
  const { conversations, conversationId } = session;
  const { messageCount } = (await conversations.get(conversationId)) ?? { messageCount: 0 };
  if (messageCount === 0) throw new PipewrightError('bad-input', 'Nothing has been said in this conversation.');
  const seq = rest === '' ? messageCount - 1 : Number(rest);
  session.conversationId = (await conversations.branch({ id: conversationId, seq })).id;
  print(session, `A branch behind message ${seq}; the conversation so far stays in /list.\n`);
  return undefined;
};

const undo = async (session: ChatSession): Promise<undefined> => {
  const { seq, message } = await lastSaid(session);
  const { conversations, conversationId } = session;
  session.conversationId = (await conversations.branch({ id: conversationId, seq: seq - 1 })).id;
  print(session, `Taken back: ${excerptOf(textOf(message))}\n`);
  return undefined;
};

const retry = async (session: ChatSession): Promise<undefined> => {
  const { seq, message } = await lastSaid(session);
  await say(session, { text: textOf(message), insteadOfSeq: seq });
  return undefined;
};

const memory = async (session: ChatSession, rest: string): Promise<undefined> => {
  const facts = rest === '' ? await session.facts.list() : await session.facts.search(rest);
  const { dim, cyan } = colours(session.io, session.io.isOutTerminal);
  const rows = facts.map(({ subject, attribute, value, saidMs }, at) => [
    cyan(`${at + 1}`),
    `${subject}: ${attribute}`,
    value,
    dim(day(saidMs)),
  ]);
  print(session, rows.length === 0 ? 'No facts are known. What was said is remembered all the same.\n' : table(rows));
  return undefined;
};

const forget = async (session: ChatSession, rest: string): Promise<undefined> => {
  if (rest === 'all') {
    await session.memory.clear();
    print(session, 'All is forgotten that was remembered. Conversations stay: /delete takes one away.\n');
    return undefined;
  }
  const fact = (await session.facts.list())[Number(rest) - 1];
  if (fact === undefined) {
    throw new PipewrightError(
      'bad-input',
      'Say what to forget: /forget all, or the number of a fact that /memory shows.',
    );
  }
  await session.facts.forget({ about: fact });
  print(session, `Forgotten: ${fact.subject}: ${fact.attribute}\n`);
  return undefined;
};

const exportTo = async (session: ChatSession, rest: string): Promise<undefined> => {
  const exported = await session.conversations.export(session.conversationId);
  const text = rest.endsWith('.json') ? `${JSON.stringify(exported, null, 2)}\n` : conversationMarkdown(exported);
  if (rest === '') print(session, text);
  else {
    await writeFile(resolve(session.io.cwd, rest), text);
    print(session, `Written to ${rest}.\n`);
  }
  return undefined;
};

const stats = async (session: ChatSession): Promise<undefined> => {
  const { conversations, messages, tokens, costUsd, days } = await session.conversations.statistics();
  const row = (name: string, said: number, took: number, usd: number): string[] => [
    name,
    `${count(said)} messages`,
    `${count(took)} tokens`,
    `${usd.toFixed(4)} USD`,
  ];
  print(
    session,
    table([
      row('this sitting', session.turns * 2, session.tokens, session.costUsd),
      ...days.slice(-7).map((each) => row(each.day, each.messages, each.tokens, each.costUsd)),
      row(`all ${count(conversations)} conversations`, messages, tokens, costUsd),
    ]),
  );
  return undefined;
};

const model = async (session: ChatSession, rest: string): Promise<undefined> => {
  if (rest !== '') {
    session.bot = await botFor(session, rest);
    session.modelName = rest;
  }
  print(session, `${session.modelName} answers.\n`);
  return undefined;
};

const remove = async (session: ChatSession): Promise<undefined> => {
  const isGone = await session.conversations.delete(session.conversationId);
  session.conversationId = newConversationId();
  print(session, isGone ? 'The conversation is deleted. A new one begins.\n' : 'There was nothing to delete.\n');
  return undefined;
};

const begin = async (session: ChatSession): Promise<undefined> => {
  session.conversationId = newConversationId();
  print(session, 'A new conversation.\n');
  return undefined;
};

const history = async (session: ChatSession, rest: string): Promise<undefined> => {
  const { conversations, conversationId } = session;
  if ((await conversations.get(conversationId)) === undefined) print(session, 'Nothing has been said yet.\n');
  else await showTail(session, rest === '' ? 20 : Math.max(1, Number(rest) || 20));
  return undefined;
};

const help = async (session: ChatSession): Promise<undefined> => {
  print(session, table([...commands.values()].map(({ usage, help: text }) => [usage, text])));
  return undefined;
};

const commands: ReadonlyMap<string, ChatCommand> = new Map(
  Object.entries({
    help: { usage: '/help', help: 'shows this', run: help },
    new: { usage: '/new', help: 'begins a new conversation', run: begin },
    list: { usage: '/list [tag]', help: 'shows the conversations that changed last', run: list },
    open: { usage: '/open NUMBER', help: 'goes on with one that was listed or found', run: open },
    search: { usage: '/search WORDS', help: 'finds what was said in any conversation', run: search },
    history: { usage: '/history [COUNT]', help: 'shows the last messages with their numbers', run: history },
    branch: { usage: '/branch [NUMBER]', help: 'goes on from a message in a conversation of its own', run: branch },
    undo: { usage: '/undo', help: 'goes back before what you said last', run: undo },
    retry: { usage: '/retry', help: 'asks the last question again', run: retry },
    memory: { usage: '/memory [WORDS]', help: 'shows the facts that are known of you', run: memory },
    forget: { usage: '/forget NUMBER|all', help: 'forgets a fact, or all that is remembered', run: forget },
    export: {
      usage: '/export [FILE]',
      help: 'prints the conversation, or writes it to FILE.md or FILE.json',
      run: exportTo,
    },
    delete: { usage: '/delete', help: 'deletes this conversation', run: remove },
    stats: { usage: '/stats', help: 'shows messages, tokens and cost', run: stats },
    model: { usage: '/model [MODEL]', help: 'shows who answers, or chooses another model', run: model },
    quit: { usage: '/quit', help: 'ends the chat; everything is kept', run: async () => true },
  }),
);

/**
 * Does what a line such as `/open 2` says. Returns whether the chat ends.
 * @throws {PipewrightError} `bad-input` for a command that does not exist, and what the command throws.
 */
export const runCommand = async (session: ChatSession, line: string): Promise<boolean> => {
  const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/su.exec(line) ?? [];
  const command = commands.get(name === 'exit' ? 'quit' : name);
  if (command === undefined) throw new PipewrightError('bad-input', `There is no command /${name}. /help shows all.`);
  return (await command.run(session, rest.trim())) === true;
};
