/** Why a job is as it is, what each entry did, and what might have been. */

import * as v from "valibot";
import { LIKENESSES } from "../../core/likeness/suspect.ts";
import { RULES } from "../../core/rules.ts";
import { clauseAnswer } from "./entries.ts";
import { jobAnswer, supposedJobAnswer } from "./job.ts";
import { anyJson, anyObject, condition, count, milliseconds, nextCursor } from "./parts.ts";
import { position, stateName, supposedPosition, text, time } from "./parts.ts";

const citation = v.object({
  logId: position,
  segment: text,
  line: count,
  eventId: text,
  eventType: text,
  /** The row of the state table by which it failed or ended the job. */
  rule: v.exactOptional(v.picklist(Object.keys(RULES))),
});

const statement = { statement: text, cites: v.array(citation) };

const nearMiss = v.object({
  ...statement,
  /** In what it resembles the event that is expected. */
  likeness: v.picklist(LIKENESSES),
  clauses: v.array(clauseAnswer),
  attributes: anyObject,
});

const nextStep = v.object({
  ...statement,
  by: v.picklist(["itself", "anyone"]),
  action: v.exactOptional(v.object({
    method: v.picklist(["POST", "DELETE"]),
    path: text,
    body: v.exactOptional(anyObject),
    placeholders: v.exactOptional(v.array(text)),
  })),
  curl: v.exactOptional(text),
});

export const explanationAnswer = v.object({
  jobId: text,
  state: stateName,
  condition,
  asOf: position,
  /** When that entry was received; only of a look back. */
  asOfTime: v.exactOptional(time),
  summary: text,
  because: v.array(v.object(statement)),
  completed: v.array(
    v.object({ ...statement, kind: v.picklist(["task", "expectation"]), id: text }),
  ),
  waitingFor: v.array(v.object({
    ...statement,
    expectation: text,
    eventType: text,
    matched: count,
    required: count,
    nearMisses: v.array(nearMiss),
    remark: v.exactOptional(text),
  })),
  next: v.array(nextStep),
  contrast: v.exactOptional(v.object({
    ...statement,
    traits: v.array(v.object({ name: text, value: anyJson })),
    alike: count,
    others: count,
  })),
  siblings: v.exactOptional(v.object({
    ...statement,
    others: count,
    fingerprint: v.exactOptional(text),
    jobs: v.array(text),
  })),
  timing: v.object({
    scheduledMs: milliseconds,
    queuedMs: milliseconds,
    executingMs: milliseconds,
    waitingMs: milliseconds,
    backingOffMs: milliseconds,
    suspendedMs: milliseconds,
    parkedMs: milliseconds,
    compensatingMs: milliseconds,
    downMs: milliseconds,
    totalMs: milliseconds,
    since: time,
  }),
  /** What is counted, and not told one by one; absent when all is told. */
  summedUp: v.exactOptional(v.object({
    entries: v.exactOptional(v.object({ count, from: position, to: position })),
    completed: v.exactOptional(count),
    waitingFor: v.exactOptional(count),
  })),
});

export const queueExplanationAnswer = v.object({
  asOf: position,
  /** Whether something holds up jobs that would go on. */
  standsStill: v.boolean(),
  since: v.exactOptional(time),
  summary: text,
  because: v.array(v.object(statement)),
  next: v.array(nextStep),
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
  reached: v.array(v.object({ ...statement, jobId: text, rule: v.picklist(Object.keys(RULES)) })),
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
const rule = v.picklist(Object.keys(RULES));

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
  /** How many more there are, where they are too many to be told. */
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
});

export const retryPreviewAnswer = v.object({
  jobId: text,
  /** Tasks whose recorded results are taken over. */
  reuses: v.array(text),
  /** Tasks that were begun, and are done anew. */
  again: v.array(text),
  /** How many events counted, and count again. */
  facts: count,
  /** What somebody has to see to before. */
  first: v.array(nextStep),
});
