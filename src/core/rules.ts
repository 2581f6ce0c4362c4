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

export const RULES = {
  "none/created": {
    state: "none",
    incoming: "JobCreated",
    condition: "",
    next: "Created",
  },
  "created/started": {
    state: "Created",
    incoming: "JobStarted",
    condition: "the plan expects something",
    next: "Running",
  },
  "created/started-empty": {
    state: "Created",
    incoming: "JobStarted",
    condition: "an empty plan is Done when the job starts",
    next: "Done",
  },
  "created/record-only": {
    state: "Created",
    incoming: "anything else",
    condition: "record only",
    next: "unchanged",
  },
  "running/matched": {
    state: "Running",
    incoming: "matches an expectation",
    condition: "not all satisfied",
    next: "Running",
  },
  "running/satisfied": {
    state: "Running",
    incoming: "matches an expectation",
    condition: "all satisfied",
    next: "Done",
  },
  "running/waived": {
    state: "Running",
    incoming: "DeadlinePassed, of an expectation that is waived then",
    condition: "not all satisfied",
    next: "Running",
  },
  "running/waived-satisfied": {
    state: "Running",
    incoming: "DeadlinePassed, of an expectation that is waived then",
    condition: "all satisfied",
    next: "Done",
  },
  "running/error-compensating": {
    state: "Running",
    incoming: "error event",
    condition: "there is something to compensate",
    next: "Compensating",
  },
  "running/error-failed": {
    state: "Running",
    incoming: "error event",
    condition: "no compensation",
    next: "Failed",
  },
  "running/left-in-place": {
    state: "Running",
    incoming: "error event",
    condition: "a cancellation that leaves in place what was done",
    next: "Failed",
  },
  "running/record-only": {
    state: "Running",
    incoming: "anything else",
    condition: "no transition",
    next: "unchanged",
  },
  "compensating/done": {
    state: "Compensating",
    incoming: "compensation event",
    condition: "policy says done",
    next: "Done",
  },
  "compensating/failed": {
    state: "Compensating",
    incoming: "compensation event",
    condition: "policy says failed",
    next: "Failed",
  },
  "compensating/left-in-place": {
    state: "Compensating",
    incoming: "JobCancelled",
    condition: "it leaves in place what was done",
    next: "Failed",
  },
  "compensating/record-only": {
    state: "Compensating",
    incoming: "anything else",
    condition: "no transition",
    next: "unchanged",
  },
  "terminal/record-only": {
    state: "any",
    incoming: "anything, in Done or Failed",
    condition: "record only",
    next: "unchanged",
  },
  "any/already-applied": {
    state: "any",
    incoming: "an entry at or before the last one applied",
    condition: "a second delivery changes nothing",
    next: "unchanged",
  },
} as const satisfies Record<string, Row>;

export type RuleName = keyof typeof RULES;
