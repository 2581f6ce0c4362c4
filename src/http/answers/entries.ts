/** Entries of the journal, in pages, lines and streams; and the receipts of events. */

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
  says,
  stateName,
  text,
  time,
} from "./parts.ts";

const STRATA_SAID: Readonly<Record<Stratum, string>> = {
  domain: "a fact of the world that jobs are about",
  coordination: "a fact of those who work on it",
  framework: "a fact of Daybook itself",
};

const entryFields = {
  logId: says(position, "Its position in the journal."),
  stratum: choices("Whose fact it is.", STRATA_SAID),
  eventId: says(text, "Given by the sender, or made."),
  eventType: says(text, "Names separated by dots; job. and journal. are Daybook's own."),
  occurredAt: says(time, "When it happened, as its sender says."),
  receivedAt: says(time, "When Daybook took it."),
  jobId: v.exactOptional(says(text, "The job that it is about.")),
  taskId: v.exactOptional(says(text, "The task that it is about.")),
  executionId: v.exactOptional(says(text, "The attempt that it is about.")),
  traceId: v.exactOptional(says(text, "As in W3C Trace Context.")),
  spanId: v.exactOptional(says(text, "As in W3C Trace Context.")),
  actor: v.exactOptional(says(text, "Whose token was used, by the name in the token file.")),
  causedBy: v.exactOptional(says(position, "The entry that led to it.")),
  attributes: says(anyObject, "What it tells, as its type has it."),
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
    "Where the entry changed the state or condition of its job.",
  )),
});

export const clauseAnswer = v.object({
  path: says(text, "Where in the event the expectation looks."),
  expected: says(text, "What it expects there."),
  found: says(text, "What is there."),
  close: says(v.boolean(), "Whether the two are nearly the same."),
  form: v.exactOptional(says(text, "In what they differ, where it is only their form.")),
  elsewhere: v.exactOptional(says(
    v.object({ path: text, found: text, close: v.boolean() }),
    "Where else in the event what is expected stands.",
  )),
});

const receipt = v.object({
  eventId: says(v.nullable(text), "null only for an event of a batch whose id is not legal."),
  logId: v.exactOptional(says(position, "The entry that has it.")),
  disposition: choices("What became of the event.", {
    matched: "on record, and counted for a job",
    recorded: "on record, and counted for none",
    duplicate: "on record before, with the same content",
    rejected: "not on record: `errors`, `reason` or `limit` says why",
  }),
  jobs: says(
    v.array(v.object({
      jobId: text,
      state: stateName,
      expectation: v.exactOptional(says(text, "That it counted for.")),
      matched: v.exactOptional(says(count, "Events that have counted for it.")),
      required: v.exactOptional(says(count, "Events that it needs.")),
      reason: v.exactOptional(says(text, "Why it did not count there.")),
    })),
    "Jobs that it was for.",
  ),
  more: v.exactOptional(says(count, "How many more jobs there are than are named.")),
  reason: v.exactOptional(says(text, "Why it counted for none, or was rejected.")),
  nearest: v.exactOptional(says(
    v.object({
      jobId: text,
      state: stateName,
      expectation: v.exactOptional(text),
      policy: v.exactOptional(v.picklist(["errors", "succeeded", "failed"])),
      reason: text,
      clauses: v.array(clauseAnswer),
    }),
    "What it came nearest to, and by which clauses not.",
  )),
  ...rejectionMembers,
});

export const receiptsAnswer = v.object({ receipts: v.array(receipt) });
