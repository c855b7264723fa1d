import type { ModelFeatures } from '../../model/index.js';

/** What is known of the models whose names match. */
export interface ModelFamily {
  readonly names: RegExp;
  /** Where the family differs from the provider's usual features. */
  readonly features?: Partial<ModelFeatures>;
}

/** The first family that the model's name belongs to. */
export const familyOf = <Family extends ModelFamily>(families: readonly Family[], model: string): Family | undefined =>
  families.find(({ names }) => names.test(model));
