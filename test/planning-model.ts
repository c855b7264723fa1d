import { fromJson, textOf, toJson } from '../src/core/index.js';
import type { AgentState } from '../src/agent/index.js';
import type { ChatRequest } from '../src/model/index.js';
import { type ScriptAction, scripted, type ScriptedModel, type ScriptedOptions } from '../src/testing/index.js';

type Reply = string | readonly ScriptAction[];

/** What a model that plans says to each kind of question, whatever order they come in. */
export interface PlanningScript {
  /** The plans that it writes, in turn; texts as they are. */
  readonly plans: readonly unknown[];
  /** What it says to a task. @default `did <description>` */
  readonly work?: (description: string, request: ChatRequest) => Reply | Promise<Reply>;
  /** Whether it finds that a result meets its criteria. @default always */
  readonly verify?: (content: string) => Reply;
  readonly answer?: string;
}

export interface PlanningModel extends ScriptedModel {
  /** What it was asked, one letter each: p(lan), w(ork), v(erify), a(nswer). */
  readonly asked: () => string;
}

const kindOf = ({ messages }: ChatRequest): 'p' | 'w' | 'v' | 'a' => {
  const all = messages.map(textOf).join('\n');
  if (all.includes('Now answer the request')) return 'a';
  if (all.includes('Check whether the result')) return 'v';
  return all.includes('Your task: ') ? 'w' : 'p';
};

/** A task as its worker is told it. */
export const taskIn = ({ messages }: ChatRequest): string => {
  const text = messages.map(textOf).find((each) => each.includes('Your task: ')) ?? '';
  return /Your task: (.*)/u.exec(text)?.[1] ?? '';
};

export const met = '{"checks": [{"criterion": 1, "evidence": "it says so", "isMet": true}]}';
export const unmet = '{"checks": [{"criterion": 1, "evidence": "nothing of it", "isMet": false}]}';

export const planningModel = (script: PlanningScript, options: ScriptedOptions = {}): PlanningModel => {
  const { plans, work = (task) => `did ${task}`, verify = () => met, answer = 'All done.' } = script;
  let planned = 0;
  const reply = (request: ChatRequest): Reply | Promise<Reply> => {
    const kind = kindOf(request);
    if (kind === 'w') return work(taskIn(request), request);
    if (kind === 'v') return verify(request.messages.map(textOf).join('\n'));
    if (kind === 'a') return answer;
    const plan = plans[Math.min(planned++, plans.length - 1)];
    return typeof plan === 'string' ? plan : JSON.stringify(plan);
  };
  const model = scripted([reply], { ...options, shouldRepeat: true });
  const asked = (): string => model.requests.map(kindOf).join('');
  return Object.assign(model, { asked });
};

/** `a: -, b: a` … as tasks: what stands behind the colon is what each depends on. */
export const tasks = (...lines: readonly string[]): { readonly tasks: readonly object[] } => ({
  tasks: lines.map((line) => {
    const [id = '', needs = ''] = line.split(':').map((part) => part.trim());
    return { id, description: `do ${id}`, dependsOn: needs === '' ? [] : needs.split(' ') };
  }),
});

/** A state as another process would read it. */
export const throughJson = (state: AgentState): AgentState =>
  fromJson(JSON.parse(JSON.stringify(toJson(state)))) as AgentState;
