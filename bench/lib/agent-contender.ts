/** The same task for every agent: it asks for one tool so many times, one call after the other, and then answers. */
export const stepCount = 20;
export const answer = 'Done.';

export interface AgentContender {
  readonly name: string;
  /** Makes the agent once, and gives what lets it do the task once, with a model that answers at once. */
  readonly make: () => Promise<() => Promise<string>>;
}
