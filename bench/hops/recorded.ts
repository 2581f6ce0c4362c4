/**
 * What the recorder writes. It is not in `recorder.ts`: loading that starts a profiler, which every
 * benchmark in this process would then be measured with.
 */

/** The file, in the folder of the journal. */
export const RECORDED = "recorded.json";

/** What was called since the last time. */
export interface Recorded {
  /** Of `src`, with at least one call of a function. */
  readonly files: readonly string[];
  readonly functions: number;
  /** The deepest stack of the project's functions that was seen, outermost first. */
  readonly deepest: readonly string[];
}
