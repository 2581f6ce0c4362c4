/**
 * An expectation takes one more match. Each state has a list of all of them, and to copy it for
 * each match takes time that goes by the square of their number: ten thousand took a third of the
 * time of folding a job. States of a long list share one that grows, and each makes its own part
 * of it when somebody looks.
 */

import type { LogId } from "./ids.ts";
import type { ExpectationState } from "./job_state.ts";

/** A shorter list is copied. */
const LONG = 64;

/** The list that a state has the first part of. */
const growing = new WeakMap<ExpectationState, LogId[]>();

export function withMatch(progress: ExpectationState, logId: LogId): ExpectationState {
  const { matched, surplus } = progress;
  if (matched < LONG) return { matched: matched + 1, by: [...progress.by, logId], surplus };
  const known = growing.get(progress);
  // A longer one has gone on from this state before.
  const all = known?.length === matched ? known : [...progress.by];
  all.push(logId);
  const next = firstOf(all, surplus);
  growing.set(next, all);
  return next;
}

function firstOf(all: readonly LogId[], surplus: number): ExpectationState {
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
