/** Entries of the journal, in pages, lines and streams; and the receipts of events. */

import { says } from "../../documents/documented.ts";
import * as v from "valibot";
import type { Stratum } from "../../core/event.ts";
import {
  anyObject,
  choices,
  condition,
  count,
  nextCursor,
  position,
  rejectionMembers,
  stateName,
  text,
  time,
} from "./parts.ts";

const STRATA_SAID: Readonly<Record<Stratum, string>> = {
  domain: "a fact of the business that jobs are about",
  coordination: "reserved for facts about coordination; recorded, never interpreted",
  framework: "a fact recorded by Daybook itself",
};

const entryFields = {
  logId: says(position, "Its position in the journal."),
  stratum: choices("Which layer the event belongs to.", STRATA_SAID),
  eventId: says(text, "Given by the sender, or generated."),
  eventType: says(text, "Names separated by dots; job. and journal. are Daybook's own."),
  occurredAt: says(time, "When it happened, according to its sender."),
  receivedAt: says(time, "When Daybook received it."),
  jobId: v.exactOptional(says(text, "The job that it is about.")),
  taskId: v.exactOptional(says(text, "The task that it is about.")),
  executionId: v.exactOptional(says(text, "The attempt that it is about.")),
  traceId: v.exactOptional(says(text, "As in W3C Trace Context.")),
  spanId: v.exactOptional(says(text, "As in W3C Trace Context.")),
  actor: v.exactOptional(says(text, "The name, in the token file, of the token that was used.")),
  causedBy: v.exactOptional(says(position, "The entry that caused it.")),
  attributes: says(anyObject, "The content of the event; its type decides the members."),
};

export const entryAnswer = v.object(entryFields);

export const entriesAnswer = v.object({ entries: v.array(entryAnswer), nextCursor });

/** The `data` of a message of a stream. */
export const streamedEntryAnswer = v.object({
  ...entryFields,
  job: v.exactOptional(says(
    v.object({
      jobId: text,
      from: says(v.nullable(stateName), "Its state before; null when this entry created it."),
      to: says(stateName, "Its state after."),
      condition,
    }),
    "Present if the entry changed the state or condition of its job.",
  )),
});

export const clauseAnswer = v.object({
  path: says(text, "The path in the event that the expectation compares."),
  expected: says(text, "The value it expects there."),
  found: says(text, "The value found there."),
  close: says(v.boolean(), "Whether the two are nearly the same."),
  form: v.exactOptional(says(text, "How they differ, if only in form.")),
  elsewhere: v.exactOptional(says(
    v.object({ path: text, found: text, close: v.boolean() }),
    "Where else in the event the expected value is.",
  )),
});

const receipt = v.object({
  eventId: says(v.nullable(text), "null only for an event of a batch whose id is invalid."),
  logId: v.exactOptional(says(position, "The entry that has it.")),
  disposition: choices("What became of the event.", {
    matched: "recorded, and counted for a job",
    recorded: "recorded, and counted for no job",
    duplicate: "already recorded, with the same content",
    rejected: "not recorded: `errors`, `reason` or `limit` says why",
  }),
  jobs: says(
    v.array(v.object({
      jobId: text,
      state: stateName,
      expectation: v.exactOptional(says(text, "The expectation that it counted for.")),
      matched: v.exactOptional(says(count, "How many events have counted for the expectation.")),
      required: v.exactOptional(says(count, "How many events the expectation needs.")),
      reason: v.exactOptional(says(text, "Why it did not count there.")),
    })),
    "The jobs it reached.",
  ),
  more: v.exactOptional(says(count, "How many more jobs it reached.")),
  reason: v.exactOptional(says(text, "Why it counted for no job, or was rejected.")),
  nearest: v.exactOptional(says(
    v.object({
      jobId: text,
      state: stateName,
      expectation: v.exactOptional(text),
      policy: v.exactOptional(v.picklist(["errors", "succeeded", "failed"])),
      reason: text,
      clauses: v.array(clauseAnswer),
    }),
    "The expectation it came nearest to, and the clauses that failed.",
  )),
  ...rejectionMembers,
});

export const receiptsAnswer = v.object({ receipts: v.array(receipt) });
