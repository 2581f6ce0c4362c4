/**
 * The rows of the state table, by name. For each entry, the projector reports the row that it
 * applied. Documents and explanations take their words from here.
 */

import type { StateName } from "./job_state.ts";

interface Row {
  readonly state: StateName | "none" | "any";
  readonly incoming: string;
  readonly condition: string;
  readonly next: StateName | "unchanged";
}

function row(state: Row["state"], incoming: string, condition: string, next: Row["next"]): Row {
  return { state, incoming, condition, next };
}

/** Each: the state, what comes in, under which condition, and the next state. */
export const RULES = {
  "none/created": row("none", "JobCreated", "", "Created"),
  "created/started": row("Created", "JobStarted", "the plan expects something", "Running"),
  "created/started-empty": row(
    "Created",
    "JobStarted",
    "an empty plan is Done when the job starts",
    "Done",
  ),
  "created/record-only": row("Created", "anything else", "record only", "unchanged"),
  "running/matched": row("Running", "matches an expectation", "not all satisfied", "Running"),
  "running/satisfied": row("Running", "matches an expectation", "all satisfied", "Done"),
  "running/waived": row(
    "Running",
    "DeadlinePassed, of an expectation that is waived then",
    "not all satisfied",
    "Running",
  ),
  "running/waived-satisfied": row(
    "Running",
    "DeadlinePassed, of an expectation that is waived then",
    "all satisfied",
    "Done",
  ),
  "running/error-compensating": row(
    "Running",
    "error event",
    "there is something to compensate",
    "Compensating",
  ),
  "running/error-failed": row("Running", "error event", "no compensation", "Failed"),
  "running/left-in-place": row(
    "Running",
    "error event",
    "a cancellation that leaves in place what was done",
    "Failed",
  ),
  "running/record-only": row("Running", "anything else", "no transition", "unchanged"),
  "compensating/done": row("Compensating", "compensation event", "policy says done", "Done"),
  "compensating/failed": row("Compensating", "compensation event", "policy says failed", "Failed"),
  "compensating/left-in-place": row(
    "Compensating",
    "JobCancelled",
    "it leaves in place what was done",
    "Failed",
  ),
  "compensating/record-only": row("Compensating", "anything else", "no transition", "unchanged"),
  "terminal/record-only": row("any", "anything, in Done or Failed", "record only", "unchanged"),
  "any/already-applied": row(
    "any",
    "an entry at or before the last one applied",
    "a second delivery changes nothing",
    "unchanged",
  ),
};

export type RuleName = keyof typeof RULES;
