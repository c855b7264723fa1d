import { AIMessage, type BaseMessage, HumanMessage, SystemMessage, trimMessages } from '@langchain/core/messages';

interface Said {
  readonly role: string;
  readonly content: unknown;
}

const messageOf = ({ role, content }: Said): BaseMessage => {
  const text = String(content);
  if (role === 'system') return new SystemMessage(text);
  return role === 'user' ? new HumanMessage(text) : new AIMessage(text);
};

/** LangChain's messages made once; resolves to how many are kept. */
export const trimWith = (messages: readonly Said[]) => {
  const own = messages.map(messageOf);
  return async (maxTokens: number, count: (texts: readonly string[]) => number | Promise<number>): Promise<number> => {
    const tokenCounter = async (some: BaseMessage[]): Promise<number> => count(some.map((one) => String(one.content)));
    const kept = await trimMessages(own, {
      maxTokens,
      tokenCounter,
      strategy: 'last',
      includeSystem: true,
      startOn: 'human',
    });
    return kept.length;
  };
};
