/** What may stand for a variable of a text. */
export type PromptValue = string | number | boolean;

/** The names in braces in a literal template; `string` where the template is not a literal. */
export type Variables<T extends string> = string extends T ? string : VariablesIn<T, never>;

type VariablesIn<T extends string, Found> = T extends `${string}{${infer Rest}`
  ? Rest extends `{${infer After}`
    ? VariablesIn<After, Found>
    : Rest extends `${infer Name}}${infer After}`
      ? VariablesIn<After, Found | Name>
      : Found
  : Found;

/** The values that a text with these variables takes; none at all where it has no variables. */
export type PromptValues<V extends string> = [V] extends [never]
  ? Readonly<Record<string, never>>
  : { readonly [Name in V]: PromptValue };
