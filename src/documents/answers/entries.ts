/** Entries of the journal, in pages, lines and streams; and the receipts of events. */

import * as v from "valibot";
import { describe, maybe } from "../fields.ts";
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

const STRATUM_MEANINGS: Readonly<Record<Stratum, string>> = {
  domain: "a business fact",
  coordination: "reserved for facts about coordination; recorded, never interpreted",
  framework: "a fact recorded by Daybook itself",
};

const entryFields = {
  logId: describe(position, "The position of the entry in the journal."),
  stratum: choices("Which layer the event belongs to.", STRATUM_MEANINGS),
  eventId: describe(text, "Chosen by the sender, or generated."),
  eventType: describe(
    text,
    "Names separated by dots; the namespaces job. and journal. are reserved for Daybook.",
  ),
  occurredAt: describe(time, "When the event happened, according to its sender."),
  receivedAt: describe(time, "When Daybook received the event."),
  jobId: maybe(text, "The job that the event is about."),
  taskId: maybe(text, "The task that the event is about."),
  executionId: maybe(
    text,
    "The attempt that the entry starts: its eventId, with exe_ instead of evt_.",
  ),
  traceId: maybe(text, "As in W3C Trace Context."),
  spanId: maybe(text, "As in W3C Trace Context."),
  actor: maybe(text, "The name, in the token file, of the token that was used."),
  causedBy: maybe(position, "The entry that caused this one."),
  attributes: describe(anyObject, "The content of the event; the members depend on its type."),
};

export const entryAnswer = v.object(entryFields);

export const entriesAnswer = v.object({ entries: v.array(entryAnswer), nextCursor });

/** The `data` of a message of a stream. */
export const streamedEntryAnswer = v.object({
  ...entryFields,
  job: maybe(
    v.object({
      jobId: text,
      from: describe(
        v.nullable(stateName),
        "The state of the job before; null if this entry created the job.",
      ),
      to: describe(stateName, "The state of the job after."),
      condition,
    }),
    "Present if the entry changed the state or condition of its job.",
  ),
});

export const clauseAnswer = v.object({
  path: describe(text, "The path in the event that the expectation compares."),
  expected: describe(text, "The expected value."),
  found: describe(text, "The value found."),
  close: describe(v.boolean(), "Whether the two are nearly the same."),
  form: maybe(text, "How the two differ or resemble each other."),
  elsewhere: maybe(
    v.object({
      path: text,
      found: text,
      close: v.boolean(),
      form: maybe(text, "How a text has the expected value inside."),
    }),
    "Where else in the event the expected value occurs.",
  ),
});

const receipt = v.object({
  eventId: describe(v.nullable(text), "null only for an event of a batch whose id is invalid."),
  logId: maybe(position, "The entry that recorded the event."),
  disposition: choices("The outcome of the event.", {
    matched: "recorded, and counted for a job",
    recorded: "recorded, and counted for no job",
    duplicate: "already recorded, with the same content",
    rejected: "not recorded: `errors`, `reason` or `limit` says why",
  }),
  jobs: describe(
    v.array(v.object({
      jobId: text,
      state: stateName,
      expectation: maybe(text, "The expectation that it counted for."),
      matched: maybe(count, "How many events have counted for the expectation."),
      required: maybe(count, "How many events the expectation needs."),
      reason: maybe(text, "Why the event did not count there."),
    })),
    "The jobs that the event reached.",
  ),
  more: maybe(count, "How many more jobs the event reached."),
  reason: maybe(text, "Why the event counted for no job, or was rejected."),
  nearest: maybe(
    v.object({
      jobId: text,
      state: stateName,
      expectation: v.exactOptional(text),
      policy: v.exactOptional(v.picklist(["errors", "succeeded", "failed"])),
      reason: text,
      clauses: v.array(clauseAnswer),
    }),
    "The expectation that the event came closest to, and the clauses that failed.",
  ),
  ...rejectionMembers,
});

export const receiptsAnswer = v.object({ receipts: v.array(receipt) });
