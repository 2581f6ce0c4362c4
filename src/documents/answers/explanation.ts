/** Explanations, replays and what-ifs. */

import * as v from "valibot";
import { describe, maybe } from "../fields.ts";
import { LIKENESSES } from "../../explain/likeness/resemblance.ts";
import { RULES } from "../../core/rules.ts";
import { clauseAnswer } from "./entries.ts";
import { jobAnswer, supposedJobAnswer } from "./job.ts";
import {
  anyJson,
  anyObject,
  choices,
  condition,
  count,
  milliseconds,
  nextCursor,
  position,
  stateName,
  supposedPosition,
  text,
  time,
} from "./parts.ts";
import { placeLimits } from "./system.ts";

const rule = describe(v.picklist(Object.keys(RULES)), "A row of the state table, by its name.");

export const citation = v.object({
  logId: describe(position, "The entry."),
  segment: describe(text, "The file of the entry, below journal/segments."),
  line: describe(count, "The line number in this file, from 1."),
  eventId: text,
  eventType: text,
  rule: maybe(rule, "The row of the state table that failed or ended the job."),
});

const statement = {
  statement: describe(text, "One sentence."),
  cites: describe(v.array(citation), "The entries that prove it."),
};

const nearMiss = v.object({
  ...statement,
  likeness: describe(v.picklist(LIKENESSES), "How the event resembles the expected one."),
  policy: maybe(
    v.picklist(["errors", "succeeded", "failed"]),
    "Present if the event is nearest to one that the policy names, with the effect of that one.",
  ),
  clauses: describe(v.array(clauseAnswer), "The clauses that failed."),
  attributes: describe(anyObject, "The attributes of the event."),
});

const nextStep = v.object({
  ...statement,
  by: choices("Who performs the step.", {
    itself: "the step happens automatically",
    anyone: "someone has to perform the step",
  }),
  action: maybe(
    v.object({
      method: v.picklist(["POST", "PUT", "DELETE"]),
      path: text,
      body: v.exactOptional(anyObject),
      placeholders: maybe(
        v.array(text),
        "Pointers to values in the body that have to be filled in first.",
      ),
    }),
    "The request that performs the step.",
  ),
  curl: maybe(text, "The same request as a command."),
});

export const explanationAnswer = v.object({
  jobId: text,
  state: stateName,
  condition,
  asOf: describe(position, "The answer depends only on the journal up to this entry."),
  asOfTime: maybe(time, "When that entry was received; only for an explanation of the past."),
  summary: describe(text, "The cause, in one or two sentences."),
  because: describe(v.array(v.object(statement)), "The chain of reasons, the decisive one first."),
  completed: describe(
    v.array(v.object({ ...statement, kind: v.picklist(["task", "expectation"]), id: text })),
    "Tasks and expectations that are complete.",
  ),
  waitingFor: describe(
    v.array(v.object({
      ...statement,
      expectation: text,
      eventType: text,
      matched: count,
      required: count,
      nearMisses: describe(v.array(nearMiss), "Events that may have been meant."),
      remark: v.exactOptional(text),
    })),
    "Expectations that still need events.",
  ),
  next: describe(v.array(nextStep), "What happens next, and what you can do."),
  contrast: maybe(
    v.object({
      ...statement,
      traits: v.array(v.object({
        name: text,
        value: v.exactOptional(anyJson),
        kind: v.exactOptional(text),
        others: v.exactOptional(text),
      })),
      alike: describe(count, "How many jobs share this failure or wait."),
      others: describe(count, "How many jobs of the type, created in the same hours, do not."),
    }),
    "What sets the job apart from at least 10 jobs of its type that succeeded, created within an " +
      "hour of it: what at least 3 jobs with this failure or wait have and none of those has, or " +
      "what all of those have and this job does not.",
  ),
  siblings: maybe(
    v.object({
      ...statement,
      others: count,
      fingerprint: v.exactOptional(text),
      jobs: v.array(text),
    }),
    "Other jobs with the same failure or wait.",
  ),
  timing: v.object({
    scheduledMs: milliseconds,
    queuedMs: milliseconds,
    queuedPausedMs: maybe(milliseconds, "How much of this time a pause held the job."),
    queuedLimitedMs: maybe(
      milliseconds,
      "How much of this time the job waited for a place within the limits of its type.",
    ),
    executingMs: milliseconds,
    waitingMs: milliseconds,
    sleepingMs: milliseconds,
    backingOffMs: milliseconds,
    suspendedMs: milliseconds,
    parkedMs: milliseconds,
    compensatingMs: milliseconds,
    downMs: milliseconds,
    totalMs: milliseconds,
    since: time,
  }),
  summedUp: maybe(
    v.object({
      entries: v.exactOptional(v.object({ count, from: position, to: position })),
      completed: v.exactOptional(count),
      waitingFor: v.exactOptional(count),
    }),
    "How many more exist; absent if all are listed.",
  ),
});

export const queueExplanationAnswer = v.object({
  asOf: describe(position, "The answer depends only on the journal up to this entry."),
  standsStill: describe(v.boolean(), "Whether something stops jobs that could continue."),
  since: maybe(time, "When the standstill began."),
  queued: describe(
    v.object({ paused: count, limited: count, forWorker: count }),
    "How many jobs wait for the end of a pause, for a limit to have room, and for a worker.",
  ),
  summary: describe(text, "The cause, in one or two sentences."),
  because: describe(v.array(v.object(statement)), "The chain of reasons, the decisive one first."),
  next: describe(v.array(nextStep), "What happens next, and what you can do."),
});

export const aboutAnswer = v.object({
  about: text,
  asOf: position,
  summary: text,
  jobs: v.array(v.object({ ...statement, jobId: text })),
  events: v.array(v.object({ ...statement, eventId: text })),
});

export const eventExplanationAnswer = v.object({
  eventId: text,
  eventType: text,
  logId: position,
  asOf: position,
  summary: text,
  reached: v.array(v.object({ ...statement, jobId: text, rule })),
  more: v.exactOptional(count),
  nearly: v.array(v.object({
    ...statement,
    jobId: v.exactOptional(text),
    expectation: v.exactOptional(text),
    type: v.exactOptional(text),
    clauses: v.array(clauseAnswer),
  })),
  refused: v.array(v.object(statement)),
});

const change = v.object({ path: text, from: anyJson, to: anyJson });
const stepFields = { eventType: text, rule, changed: v.array(change), why: text };

export const replayAnswer = v.object({
  job: jobAnswer,
  steps: v.array(v.object({ logId: position, ...stepFields })),
  nextCursor,
});

export const diffAnswer = v.object({
  from: v.object({ at: text, logId: position }),
  to: v.object({ at: v.nullable(text), logId: position }),
  changes: v.array(change),
  /** How many more exist, if there are too many to list. */
  more: v.exactOptional(count),
});

const standing = v.nullable(v.object({ state: stateName, condition, rule }));

export const whatIfAnswer = v.object({
  job: supposedJobAnswer,
  steps: v.array(v.object({ logId: supposedPosition, ...stepFields })),
  nextCursor,
  firstDifference: v.nullable(v.object({
    logId: supposedPosition,
    eventType: text,
    actual: standing,
    whatIf: standing,
    why: text,
  })),
  allPastEvents: v.boolean(),
  limits: maybe(
    v.object({
      limits: describe(v.object(placeLimits), "The limits that would be in force."),
      outcome: choices("The effect of these limits.", {
        begins: "the job is queued, and would start now",
        waits: "the job is queued, and would still wait",
        sooner: "the job would have waited less",
        noSooner: "the job would have waited as long",
        later: "the job would have waited longer",
      }),
      statement: describe(text, "One sentence."),
      because: describe(v.array(v.object(statement)), "The evidence."),
      assumes: describe(v.array(text), "Assumptions about what is not on record."),
      behind: maybe(
        v.array(text),
        "For a queued job: the jobs that would start before it, in order.",
      ),
      lessMs: maybe(
        v.object({ least: milliseconds, most: milliseconds }),
        "For a job that has started: how much less it would have waited.",
      ),
    }),
    "The effect of other limits of its type, if the request supposes some.",
  ),
});

export const retryPreviewAnswer = v.object({
  jobId: text,
  /** Tasks whose recorded results are reused. */
  reuses: v.array(text),
  /** Tasks that had started, and will run again. */
  again: v.array(text),
  /** How many events counted and will count again. */
  facts: count,
  /** What to check first. */
  first: v.array(nextStep),
});
