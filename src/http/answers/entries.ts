/** Entries of the journal, in pages, lines and streams; and the receipts of events. */

import * as v from "valibot";
import { STRATA } from "../../core/event.ts";
import {
  anyObject,
  condition,
  count,
  nextCursor,
  position,
  stateName,
  text,
  time,
} from "./parts.ts";

const entryFields = {
  logId: position,
  stratum: v.picklist(STRATA),
  eventId: text,
  eventType: text,
  occurredAt: time,
  receivedAt: time,
  jobId: v.exactOptional(text),
  taskId: v.exactOptional(text),
  executionId: v.exactOptional(text),
  traceId: v.exactOptional(text),
  spanId: v.exactOptional(text),
  actor: v.exactOptional(text),
  causedBy: v.exactOptional(position),
  attributes: anyObject,
};

export const entryAnswer = v.object(entryFields);

export const entriesAnswer = v.object({ entries: v.array(entryAnswer), nextCursor });

/** The `data` of a message of a stream. */
export const streamedEntryAnswer = v.object({
  ...entryFields,
  job: v.exactOptional(v.object({
    jobId: text,
    from: v.nullable(stateName),
    to: stateName,
    condition,
  })),
});

export const clauseAnswer = v.object({
  path: text,
  expected: text,
  found: text,
  close: v.boolean(),
  form: v.exactOptional(text),
  elsewhere: v.exactOptional(v.object({ path: text, found: text, close: v.boolean() })),
});

const receipt = v.object({
  /** `null` only for an event of a batch whose id is not legal. */
  eventId: v.nullable(text),
  logId: v.exactOptional(position),
  disposition: v.picklist(["matched", "recorded", "duplicate", "rejected"]),
  jobs: v.array(v.object({
    jobId: text,
    state: stateName,
    expectation: v.exactOptional(text),
    matched: v.exactOptional(count),
    required: v.exactOptional(count),
    reason: v.exactOptional(text),
  })),
  /** How many more `jobs` would have, if it named all. */
  more: v.exactOptional(count),
  reason: v.exactOptional(text),
  nearest: v.exactOptional(v.object({
    jobId: text,
    state: stateName,
    expectation: v.exactOptional(text),
    policy: v.exactOptional(v.picklist(["errors", "succeeded", "failed"])),
    reason: text,
    clauses: v.array(clauseAnswer),
  })),
  errors: v.exactOptional(v.array(v.object({ pointer: text, detail: text }))),
  /** The event was rejected for this alone, and may be sent again. */
  limit: v.exactOptional(v.object({ flag: text, max: count })),
});

export const receiptsAnswer = v.object({ receipts: v.array(receipt) });
