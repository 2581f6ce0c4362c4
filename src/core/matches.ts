/**
 * Counts one more match of an expectation. Each state has a list of its matches, and copying the
 * list for each match is quadratic: at ten thousand matches it took a third of the time of folding
 * a job. So the states of a long list share one growing list, and each copies its own part when
 * that is read.
 */

import type { LogId } from "./ids.ts";
import type { ExpectationState } from "./job_state.ts";

/** Shorter lists are copied. */
const LONG = 64;

/** The growing list of which a state has the beginning. */
const growing = new WeakMap<ExpectationState, LogId[]>();

export function withMatch(progress: ExpectationState, logId: LogId): ExpectationState {
  const { matched, surplus } = progress;
  if (matched < LONG) return { matched: matched + 1, by: [...progress.by, logId], surplus };
  const known = growing.get(progress);
  // A longer list was already continued from this state.
  const all = known?.length === matched ? known : [...progress.by];
  all.push(logId);
  const next = firstMatches(all, surplus);
  growing.set(next, all);
  return next;
}

function firstMatches(all: readonly LogId[], surplus: number): ExpectationState {
  const matched = all.length;
  let by: readonly LogId[] | undefined;
  return {
    matched,
    get by() {
      return by ??= all.slice(0, matched);
    },
    surplus,
  };
}
