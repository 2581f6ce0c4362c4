/** Laws of explanations that hold for every sequence of entries, however odd. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveCondition } from "../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { OutlinedHistory } from "../../src/explain/history/outlined_history.ts";
import type { Findings } from "../../src/explain/statements/evidence.ts";
import { citedIn, citing, explain } from "../../src/explain/explain.ts";
import { explanationText } from "../../src/explain/explanation_text.ts";
import type { Citation } from "../../src/explain/statements/explanation.ts";
import type { LogId } from "../../src/core/ids.ts";
import { expectationAccepts, type MatchableEvent } from "../../src/core/job_plan.ts";
import { sampleEvent } from "../../src/explain/open/requests_to_send.ts";
import { hearsay, retold, stories } from "../core/arbitrary_entries.ts";
import { projectAll } from "../support/engine/folding.ts";
import { rounds } from "../support/effort.ts";

const RUNS = { numRuns: rounds(600, 2_000, 200) };

const PLAIN: Findings = {
  causes: new Map(),
  candidates: new Map(),
  circumstances: { definition: "none", draining: false, full: false },
};

function explained(entries: readonly JobEventLogEntry[], evidence: Findings = PLAIN) {
  return explain(OutlinedHistory.of(entries), evidence);
}

function textOf(entries: readonly JobEventLogEntry[]): string {
  const byLogId = new Map(entries.map((entry) => [entry.logId, entry]));
  const cited = citing(explained(entries), (logId: LogId): Citation => {
    const { eventId = "", eventType = "" } = byLogId.get(logId) ?? {};
    return { logId, segment: "00000000000000000001.ndjson", line: logId, eventId, eventType };
  });
  return explanationText(cited, { commandOf: ({ path }) => `curl ${path}` });
}

Deno.test("explain: any history is explained correctly", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const job = projectAll(entries);
      const { state, condition, asOf, summary, because } = explained(entries);
      assert.deepEqual([state, condition, asOf], [job.state, deriveCondition(job), job.lastLogId]);
      assert.match(summary, /^Job \S+ .*\.$/);
      assert.ok(because.length > 0);
    }),
    RUNS,
  );
});

Deno.test("explain: it cites only entries of the job, and every reason cites some", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const known = new Set(entries.map(({ logId }) => logId));
      const explanation = explained(entries);
      for (const logId of citedIn(explanation)) assert.ok(known.has(logId), `entry ${logId}`);
      for (const { statement, cites } of [...explanation.because, ...explanation.completed]) {
        assert.ok(cites.length > 0, statement);
      }
    }),
    RUNS,
  );
});

Deno.test("explain: the chain of reasons ends at the creation of the job", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const last = explained(entries).because.at(-1);
      assert.ok(last?.cites.includes(entries[0]?.logId ?? 0), last?.statement);
    }),
    RUNS,
  );
});

const MISSING = /undefined|NaN|\[object/;

Deno.test("explain: sentences are complete, on one line, and never say undefined or null", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      // A label may be one of these words.
      fc.pre(!MISSING.test(JSON.stringify(entries)));
      const { summary, because, completed, waitingFor, next } = explained(entries);
      const statements = [...because, ...completed, ...waitingFor, ...next]
        .map(({ statement }) => statement);
      for (const statement of [summary, ...statements]) {
        assert.doesNotMatch(statement, MISSING);
        assert.doesNotMatch(statement, /\n| {2}/);
        assert.match(statement, /[.:]$/);
      }
    }),
    RUNS,
  );
});

Deno.test("explain: senders' times and observability ids change no word", () => {
  fc.assert(
    fc.property(stories, hearsay, ({ entries }, said) => {
      assert.equal(textOf(entries.map((entry) => retold(entry, said))), textOf(entries));
    }),
    RUNS,
  );
});

Deno.test("explain: no line of the text is wider than a terminal unless it cannot be broken", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      for (const line of textOf(entries).split("\n")) {
        const isBreakable = line.trim().includes(" ") && !/^ {2}\[|^ {4}curl/.test(line);
        if (isBreakable) assert.ok(line.length <= 100, line);
      }
    }),
    RUNS,
  );
});

Deno.test("explain: the event that it suggests satisfies the expectation", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const job = projectAll(entries);
      for (const expected of job.plan.expected) {
        const sample = sampleEvent(expected, job.jobId);
        if (sample === undefined || sample.placeholders.length > 0) continue;
        const { event } = sample;
        assert.ok(expectationAccepts(expected, event as unknown as MatchableEvent));
      }
    }),
    RUNS,
  );
});

Deno.test("explain: times add up to no more than the whole, and are never negative", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const { totalMs, since: _, ...parts } = explained(entries).timing;
      const sum = Object.values(parts).reduce((left, right) => left + right, 0);
      assert.ok(Object.values(parts).every((ms) => ms >= 0));
      assert.ok(sum <= totalMs, `${sum} of ${totalMs}`);
    }),
    RUNS,
  );
});
