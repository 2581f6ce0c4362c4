import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, jobId } from "../../src/core/ids.ts";
import { quoteEntry } from "../../src/core/log_references.ts";
import { type ExportHeader, exportLines } from "../../src/tools/export_file.ts";
import { parseExport } from "../../src/tools/export_parser.ts";
import { quotedEventId } from "../../src/engine/writer/derived_ids.ts";
import { expectation, JOB, outsideJob } from "../support/engine/entries.ts";

const STORY = outsideJob([expectation("paid", "x.Paid", { correlation: { equals: { id: 1 } } })])
  .started().fact("x.Paid", { id: 1 });
const HEADER: ExportHeader = {
  daybookExport: 1,
  jobId: JOB,
  state: "Done",
  condition: "succeeded",
  entries: 3,
  own: 3,
  from: { head: { logId: 9, chain: "c" } },
};

/** A file with a correct SHA-256, whatever its content. */
function file(header: object, entries: readonly object[]): Uint8Array {
  const lines = exportLines(header as ExportHeader, entries as readonly JobEventLogEntry[]);
  return new TextEncoder().encode([...lines].map((line) => `${line}\n`).join(""));
}

/** The error for a file in which the entry at an index was changed. */
function flawWith(index: number, change: (entry: JobEventLogEntry) => object): string {
  const entries = STORY.entries.map((entry, at) => at === index ? change(entry) : entry);
  return flawOf(HEADER, entries);
}

function flawOf(header: object, entries: readonly object[]): string {
  try {
    parseExport(file(header, entries));
  } catch (error) {
    assert.ok(error instanceof Error && error.name === "ExportFileError", String(error));
    return error.message;
  }
  return "none";
}

function planWith(change: (plan: Record<string, unknown>) => object) {
  return (entry: JobEventLogEntry) => {
    const plan = change(structuredClone((entry.attributes as { plan: object }).plan) as never);
    return { ...entry, attributes: { ...entry.attributes, plan } };
  };
}

function correlatedBy(correlation: unknown) {
  return planWith((plan) => ({
    ...plan,
    expected: [{ ...expectation("paid", "x.Paid"), matcher: { eventType: "x.Paid", correlation } }],
  }));
}

Deno.test("export parser: a complete file gives its job", () => {
  const { job, entries } = parseExport(file(HEADER, STORY.entries));
  assert.equal(job.state, "Done");
  assert.deepEqual(entries, STORY.entries);
});

Deno.test("export parser: a plan may have deadlines, and their form is checked", () => {
  const withDeadline = (within: object) =>
    STORY.entries.map((entry, index) =>
      index > 0 ? entry : planWith(() => ({
        expected: [{ ...expectation("paid", "x.Paid"), within }],
        policy: { errors: [], onCompensated: "Failed" },
      }))(entry)
    );
  const { job } = parseExport(file(HEADER, withDeadline({ ms: 1_000, otherwise: "fail" })));
  assert.deepEqual(job.plan.expected[0]?.within, { ms: 1_000, otherwise: "fail" });
  assert.match(
    flawOf(HEADER, withDeadline({ ms: -1, otherwise: "fail" })),
    /^line 2: \/attributes\/plan\/expected\/0\/within\/ms must be more than 0/,
  );
});

const { attributes: _, ...withoutAttributes } = STORY.entry(2);

const FLAWS: readonly (readonly [string, () => string, string])[] = [
  [
    "a line of another journal's making",
    () => flawWith(2, (entry) => ({ ...entry, eventId: 'a","b":"' })),
    "line 4: /eventId must be 1 to 128 characters of A-Z a-z 0-9 . _ : ~ -",
  ],
  [
    "a time that would need an escape",
    () => flawWith(2, (entry) => ({ ...entry, receivedAt: '2026-01-01","x":"' })),
    "line 4: /receivedAt must be a time as Daybook writes it, such as 2026-01-31T12:00:00.000Z",
  ],
  [
    "a field too many",
    () => flawWith(2, (entry) => ({ ...entry, crc: "00000000" })),
    "line 4: /crc is not a known field; known are logId, receivedAt, stratum, eventId, eventType, " +
    "occurredAt, jobId, taskId, executionId, traceId, spanId, actor, causedBy, attributes",
  ],
  [
    "a field too few",
    () => flawOf(HEADER, [...STORY.entries.slice(0, 2), withoutAttributes]),
    "line 4: /attributes is required",
  ],
  [
    "a fact that this version does not know",
    () => flawWith(2, (entry) => ({ ...entry, stratum: "framework", eventType: "job.JobPaused" })),
    "line 4: event type job.JobPaused is not known: a newer version of Daybook wrote it",
  ],
  [
    "a fact of another shape",
    () => flawWith(0, (entry) => ({ ...entry, attributes: {} })),
    "line 2: attributes of job.JobCreated have an unknown shape: another version wrote it",
  ],
  [
    "a correlation that cannot be evaluated",
    () => flawWith(0, correlatedBy(null)),
    'line 2: /attributes/plan/expected/0/matcher/correlation must be "any" or an object with one ' +
    "of equals, in, all, anyOf, not",
  ],
  [
    "a correlation with a value that is no scalar",
    () => flawWith(0, correlatedBy({ equals: { id: [1] } })),
    "line 2: /attributes/plan/expected/0/matcher/correlation/equals/id must be a string, a " +
    "number, true, false or null",
  ],
  [
    "a fact of the framework that a sender claims",
    () => flawWith(2, (entry) => ({ ...entry, eventType: "job.JobStarted" })),
    "line 4: job.JobStarted is in a namespace of the framework",
  ],
  [
    "an entry of another job",
    () => flawWith(2, (entry) => ({ ...entry, jobId: "job_2" })),
    "line 4: it belongs to job job_2",
  ],
  [
    "a fact about the other journal",
    () =>
      flawWith(2, ({ jobId: _, ...entry }) => ({
        ...entry,
        stratum: "framework",
        eventType: "journal.Sealed",
        attributes: { reason: "stop" },
      })),
    "line 4: journal.Sealed does not belong in the history of a job",
  ],
  [
    "a cause that is not in the file",
    () => flawWith(2, (entry) => ({ ...entry, causedBy: 77 })),
    "line 4: it refers to entry 77, which is not in the file",
  ],
  [
    "the same event twice",
    () => flawWith(2, (entry) => ({ ...entry, eventId: "evt_1" })),
    "line 4: event id evt_1 occurs twice",
  ],
  [
    "positions that do not ascend",
    () => flawWith(2, (entry) => ({ ...entry, logId: 2 })),
    "line 4: logId 2 comes after 2",
  ],
  [
    "a job that was not created",
    () => flawOf({ ...HEADER, entries: 2, own: 2 }, STORY.entries.slice(1)),
    "line 1: Cannot project entry 2 (job.JobStarted): job job_1 was not created",
  ],
  [
    "another state than the entries tell",
    () => flawOf({ ...HEADER, state: "Failed" }, STORY.entries),
    "line 1: the state is announced as Failed, but the entries give Done",
  ],
  [
    "another number of entries",
    () => flawOf({ ...HEADER, entries: 4 }, STORY.entries),
    "line 1: 4 entries are announced, but there are 3",
  ],
  [
    "another number of own entries",
    () => flawOf({ ...HEADER, own: 2 }, STORY.entries),
    "line 1: 2 own entries are announced, but there are 3",
  ],
  [
    "a quotation of the job itself",
    () => flawWith(2, (entry) => quoteEntry({ ...entry, jobId: JOB }, eventId("evt_q"))),
    "line 4: it quotes an entry of the exported job job_1",
  ],
  [
    "a quotation under an id of its own choice",
    () => flawWith(2, (entry) => quoteEntry({ ...entry, jobId: jobId("job_2") }, eventId("evt_q"))),
    "line 4: its eventId is not that of a quotation",
  ],
  [
    "a quotation of what is no entry",
    () =>
      flawWith(2, (entry) => {
        const quotation = quoteEntry(
          { ...entry, jobId: jobId("job_2") },
          quotedEventId(entry.eventId),
        );
        return { ...quotation, attributes: { ...quotation.attributes, eventType: "no type" } };
      }),
    "line 4: what it quotes is not an entry: /eventType must be parts of A-Z a-z 0-9 _ - joined by " +
    "dots, at most 200 characters",
  ],
];

for (const [what, flaw, message] of FLAWS) {
  Deno.test(`export parser: refuses ${what} although the file is complete`, () => {
    assert.equal(flaw(), message);
  });
}

const ERROR = { name: "Error", message: "no" };
const FAILED = { attempt: 1, maxAttempts: 3, error: ERROR };
const PLAN = { expected: [], policy: { errors: [], onCompensated: "Failed" } };
const CREATED = { plan: PLAN, priority: 0, labels: {} };

/** Each has one member of a type that no page could show, no index hold and no timer wait for. */
const MISSHAPEN: readonly (readonly [eventType: string, attributes: object])[] = [
  ["job.JobCreated", { ...CREATED, type: "x", definitionVersion: 1.5 }],
  ["job.JobCreated", { ...CREATED, priority: 0.5 }],
  ["job.JobCreated", { ...CREATED, startAt: "soon" }],
  ["job.JobCreated", { ...CREATED, retryOf: {} }],
  ["job.JobCreated", { ...CREATED, idempotency: null }],
  ["job.TaskStarted", { attempt: 1, maxAttempts: {} }],
  ["job.TaskStarted", { attempt: 1, timeoutMs: "1" }],
  ["job.TaskCompleted", { attempt: 1, emitted: [{}] }],
  ["job.TaskCompleted", { attempt: 1, reusedFrom: { toString: 1 } }],
  ["job.TaskWaiting", { expectations: [], seen: { toString: 1 } }],
  ["job.TaskFailed", { ...FAILED, retryAt: "later" }],
  ["job.TaskFailed", { ...FAILED, final: true, kind: "poison", retryAt: 5 }],
  ["job.TaskFailed", { ...FAILED, final: true, kind: "bad luck" }],
  ["job.TaskInterrupted", { attempt: 1, phase: "run", reason: "whim" }],
  ["job.TaskProgressed", { done: 1, note: {} }],
  ["job.TimerSet", { dueAt: "later" }],
  ["job.CompensationStarted", { attempt: 1, maxAttempts: {} }],
];

Deno.test("export parser: refuses a fact with any member of another type than it is written with", () => {
  for (const [eventType, attributes] of MISSHAPEN) {
    const fact = { stratum: "framework", eventType, taskId: "a", attributes };
    assert.equal(
      flawWith(2, (entry) => ({ ...entry, ...fact })),
      `line 4: attributes of ${eventType} have an unknown shape: another version wrote it`,
      JSON.stringify(attributes),
    );
  }
});

Deno.test("export parser: a closing line with the wrong number of entries is refused", () => {
  const text = new TextDecoder().decode(file(HEADER, STORY.entries));
  const wrong = new TextEncoder().encode(
    text.replace(/\{"entries":3(?=,"sha256")/, '{"entries":4'),
  );
  assert.throws(() => parseExport(wrong), /line 5: 4 entries were exported, but the file has 3/);
});
