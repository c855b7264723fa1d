/** What vitest's JSON reporter writes, as far as it is read. */
export interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}
export const countTests: (reports: readonly Report[]) => { readonly passed: number; readonly failed: number };
export const summarize: (
  reports: readonly Report[],
  failedSteps: number,
) => { readonly line: string; readonly isGood: boolean };
