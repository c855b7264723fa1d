import type { Run } from '../../core/index.js';
import type { ChatRequest } from '../../model/index.js';
import type { AnthropicFamily } from './models.js';

export interface Sampling {
  readonly temperature?: number;
  readonly topP?: number;
}

interface SamplingSettings {
  readonly id: string;
  readonly family: AnthropicFamily;
}

/** How the model is to draw its tokens, as far as it takes that. What is left out is a hint, so the call goes on without. */
export const sampling = (
  { id, family }: SamplingSettings,
  { temperature, topP, seed }: ChatRequest,
  isThinking: boolean,
  run: Run,
): Sampling => {
  const leaveOut = (name: string, value: number | undefined, why: string): undefined => {
    if (value !== undefined)
      run.emit({ type: 'warning', message: `${id} takes no \`${name}\`${why}; it was left out.` });
  };
  leaveOut('seed', seed, '');
  if (family.sampling === 'none') {
    leaveOut('temperature', temperature, '');
    leaveOut('topP', topP, '');
    return {};
  }
  const kept = isThinking ? leaveOut('temperature', temperature, ' while it thinks') : temperature;
  const isBoth = family.sampling === 'one' && kept !== undefined;
  const keptTopP = isBoth ? leaveOut('topP', topP, ' beside `temperature`') : topP;
  return {
    ...(kept === undefined ? {} : { temperature: kept }),
    ...(keptTopP === undefined ? {} : { topP: keptTopP }),
  };
};
