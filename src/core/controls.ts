/**
 * The controls of jobs: their names, their texts, and the jobs to which each applies. The API, the
 * dashboard, the commands and the library all use this table.
 */

import type { Condition } from "./condition.ts";
import { decide } from "./decide.ts";
import type { JobState } from "./job_state.ts";

interface ControlFacts {
  /** The label of its button. */
  readonly label: string;
  /** The past tense, before the number of jobs. */
  readonly done: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What it does to a job, in full sentences. */
  readonly effect: string;
  /** Whether to ask for confirmation, since it cannot be undone. */
  readonly confirm: boolean;
  /** Conditions of the jobs that a bulk action applies to. */
  readonly conditions: readonly Condition[];
}

const UNFINISHED: readonly Condition[] = [
  ...["created", "scheduled", "queued", "executing", "waiting", "sleeping"] as const,
  ...["backingOff", "suspended", "parked"] as const,
];

/** In the order in which they are shown. */
export const CONTROL_NAMES = ["start", "wake", "suspend", "resume", "retry", "cancel"] as const;
export type ControlName = (typeof CONTROL_NAMES)[number];

export const CONTROLS: Readonly<Record<ControlName, ControlFacts>> = {
  start: {
    label: "Start now",
    done: "Started",
    summary: "start a job that was created without starting, or is scheduled",
    effect: "The job starts.",
    confirm: false,
    conditions: ["created", "scheduled"],
  },
  wake: {
    label: "Wake now",
    done: "Woken",
    summary: "end a backoff, a sleep or a timed wait early",
    effect: "Tasks that back off are retried at once, with their remaining attempts. Sleeps and " +
      "timed waits end, as if their time had come.",
    confirm: false,
    conditions: ["sleeping", "backingOff"],
  },
  suspend: {
    label: "Suspend",
    done: "Suspended",
    summary: "suspend a job: it starts nothing new",
    effect: "The job starts nothing new until it is resumed. Running attempts finish, and events " +
      "still count.",
    confirm: false,
    conditions: ["queued", "executing", "waiting", "sleeping", "backingOff", "compensating"],
  },
  resume: {
    label: "Resume",
    done: "Resumed",
    summary: "resume a suspended job, or let a parked one try again",
    effect: "A suspended job continues where it was, and a parked one tries again.",
    confirm: false,
    conditions: ["suspended", "parked"],
  },
  retry: {
    label: "Retry",
    done: "Retried",
    summary:
      "retry a failed or parked job as a new one, which reuses the results that are still valid",
    effect: "A new job reuses the results that are still valid. The old job stays as it is; a " +
      "parked one is given up.",
    confirm: false,
    // A cancelled job is retried only when named.
    conditions: ["failed"],
  },
  cancel: {
    label: "Cancel",
    done: "Cancelled",
    summary: "cancel a job; its effects are undone where possible",
    effect: "The job ends, and its effects are undone where possible. This cannot be reversed.",
    confirm: true,
    conditions: UNFINISHED,
  },
};

/** All except `retry`, which creates a new job. */
export const STATE_CONTROLS = CONTROL_NAMES.filter((name) => name !== "retry");
export type StateControl = (typeof STATE_CONTROLS)[number];

/** In the order of `CONTROL_NAMES`. */
export const BULK_CONTROLS = ["suspend", "resume", "retry", "cancel"] as const;
export type BulkControl = (typeof BULK_CONTROLS)[number];

/**
 * Whether a job accepts a control now, by the rules that decide on the control.
 *
 * @param leave For a cancellation: undo nothing.
 */
export function isLegal(job: JobState, control: ControlName, leave = false): boolean {
  if (control === "retry") {
    // What a retry would reuse, which may be thousands of steps, does not decide on it.
    const bare = { ...job, tasks: [], waits: [] };
    const command = { newJobId: job.jobId, attributes: job } as const;
    return decide(bare, { kind: control, ...command }).accepted;
  }
  const command = control === "cancel"
    ? { kind: control, leave } as const
    : { kind: control } as const;
  return decide(job, command).accepted;
}
