/** Laws of the projector that hold for every sequence of entries, however odd. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveCondition } from "../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { requiredMatches } from "../../src/core/job_plan.ts";
import {
  type ExpectationState,
  isTerminal,
  type JobState,
  type StateName,
} from "../../src/core/job_state.ts";
import { project, type Step } from "../../src/core/projector.ts";
import { RULES } from "../../src/core/rules.ts";
import { hearsay, reorderings, retold, stories, tails } from "./arbitrary_entries.ts";
import { jobOf, projectAll, stepsOf } from "../support/engine/folding.ts";
import { cases, rounds } from "../support/effort.ts";

const RUNS = { numRuns: rounds(800, 20_000, 150) };

/** The edges of the design's state table, including staying in a state. */
const EDGES: Readonly<Record<StateName | "none", readonly StateName[]>> = {
  none: ["Created"],
  Created: ["Created", "Running", "Done"],
  Running: ["Running", "Done", "Compensating", "Failed"],
  Compensating: ["Compensating", "Done", "Failed"],
  Done: ["Done"],
  Failed: ["Failed"],
};

function bytesOf(job: JobState): string {
  return JSON.stringify(job);
}

/** As a snapshot restores it. */
function restored(job: JobState): JobState {
  return JSON.parse(bytesOf(job));
}

/** What an operator sees of a step. */
function outlineOf({ rule, matched, job }: Step) {
  return { rule, matched, state: job.state, condition: deriveCondition(job) };
}

function deepFrozen<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(deepFrozen);
  }
  return value;
}

Deno.test("laws: the random stories reach every rule, state and condition", () => {
  const steps = fc.sample(stories, { numRuns: 2_000, seed: 1 })
    .flatMap((story) => stepsOf([...story.entries, story.entry(-1)]));
  const rules = new Set(steps.map(({ rule }) => rule));
  const conditions = new Set(steps.map(({ job }) => deriveCondition(job)));

  assert.deepEqual([...rules].toSorted(), Object.keys(RULES).toSorted());
  // Only `scheduled` is missing: it needs a startAt, which no law depends on.
  assert.equal(conditions.size, 12);
});

Deno.test("laws: the same entries give the same job, byte for byte", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const copy: JobEventLogEntry[] = JSON.parse(JSON.stringify(story.entries));
      assert.equal(bytesOf(projectAll(copy)), bytesOf(jobOf(story)));
    }),
    RUNS,
  );
});

Deno.test("laws: folding in two parts equals folding at once", () => {
  fc.assert(
    fc.property(stories, fc.nat(), (story, at) => {
      const cut = 1 + at % story.entries.length;
      const head = projectAll(story.entries.slice(0, cut));
      const job = projectAll(story.entries.slice(cut), head);
      assert.equal(bytesOf(job), bytesOf(jobOf(story)));
    }),
    RUNS,
  );
});

Deno.test("laws: a snapshot and the tail equal a full replay", () => {
  fc.assert(
    fc.property(stories, fc.nat(), (story, at) => {
      const cut = 1 + at % story.entries.length;
      const snapshot = restored(projectAll(story.entries.slice(0, cut)));
      const resumed = stepsOf(story.entries.slice(cut), snapshot);
      const full = stepsOf(story.entries).slice(cut);
      assert.equal(bytesOf(resumed.at(-1)?.job ?? snapshot), bytesOf(jobOf(story)));
      assert.deepEqual(resumed.map(outlineOf), full.map(outlineOf));
    }),
    RUNS,
  );
});

Deno.test("laws: a snapshot that overlaps the tail changes nothing", () => {
  fc.assert(
    fc.property(stories, fc.nat(), fc.nat(), (story, at, back) => {
      const cut = 1 + at % story.entries.length;
      const snapshot = restored(projectAll(story.entries.slice(0, cut)));
      const job = projectAll(story.entries.slice(back % (cut + 1)), snapshot);
      assert.equal(bytesOf(job), bytesOf(jobOf(story)));
    }),
    RUNS,
  );
});

Deno.test("laws: an entry that was applied changes nothing when applied again", () => {
  fc.assert(
    fc.property(stories, fc.nat(), (story, at) => {
      const applied = story.entries.slice(0, 1 + at % story.entries.length);
      const job = deepFrozen(projectAll(applied));
      const before = bytesOf(job);
      for (const entry of applied) {
        const step = project(job, entry);
        assert.deepEqual([step.rule, step.matched], ["any/already-applied", []]);
        assert.equal(bytesOf(step.job), before);
      }
    }),
    RUNS,
  );
});

Deno.test("laws: second deliveries anywhere in between change nothing", () => {
  fc.assert(
    fc.property(stories, fc.array(fc.tuple(fc.nat(), fc.nat())), (story, repeats) => {
      const entries = [...story.entries];
      for (const [to, of] of repeats) {
        const place = 1 + to % entries.length;
        const again = entries[of % place];
        if (again !== undefined) entries.splice(place, 0, again);
      }
      assert.equal(bytesOf(projectAll(entries)), bytesOf(jobOf(story)));
    }),
    RUNS,
  );
});

Deno.test("laws: where no error event fails a job, the order of its facts changes nothing", () => {
  const seen = new Map<StateName, number>();
  const standing = (entries: readonly JobEventLogEntry[]) => {
    const { state, expected } = projectAll(entries);
    return { state, matched: expected.map(({ matched }) => matched) };
  };
  fc.assert(
    fc.property(reorderings, ({ recorded, reordered }) => {
      const { state, matched } = standing(recorded);
      assert.deepEqual(standing(reordered), { state, matched });
      seen.set(state, (seen.get(state) ?? 0) + 1);
    }),
    RUNS,
  );
  assert.deepEqual([...seen.keys()].toSorted(), ["Done", "Running"]);
});

Deno.test("laws: observability ids and senders' clocks influence nothing", () => {
  const said = fc.array(hearsay, { minLength: 1, maxLength: 30, size: "max" });
  fc.assert(
    fc.property(stories, said, (story, list) => {
      const told = stepsOf(story.entries);
      const again = stepsOf(story.entries.map((entry, index) => {
        const other = list[index % list.length];
        return other === undefined ? entry : retold(entry, other);
      }));
      assert.deepEqual(again.map(outlineOf), told.map(outlineOf));
      assert.deepEqual(again.map(({ job }) => job), told.map(({ job }) => job));
    }),
    RUNS,
  );
});

Deno.test("laws: observability ids are nowhere in the state", () => {
  fc.assert(
    fc.property(stories, hearsay, (story, said) => {
      const job = projectAll(story.entries.map((entry) => retold(entry, said)));
      assert.equal(bytesOf(job), bytesOf(jobOf(story)));
    }),
    RUNS,
  );
});

Deno.test("laws: after the end of a job only its lastLogId changes", () => {
  let ended = 0;
  fc.assert(
    fc.property(stories, tails, (story, tail) => {
      // An end for every job that can end, then anything else.
      const closed = story.started().cancelled().compensationEnded();
      const job = jobOf(closed);
      if (!isTerminal(job)) return;
      ended++;
      const later = tail(closed).entries.slice(closed.entries.length);
      const steps = stepsOf(later, job);
      for (const [index, step] of steps.entries()) {
        assert.deepEqual([step.rule, step.matched], ["terminal/record-only", []]);
        const expected: JobState = { ...job, lastLogId: later[index]?.logId ?? 0 };
        assert.equal(bytesOf(step.job), bytesOf(expected));
      }
    }),
    { numRuns: cases(2_000) },
  );
  assert.ok(ended >= cases(1_000), `only ${ended} jobs ended`);
});

Deno.test("laws: state moves only along the edges of the table", () => {
  fc.assert(
    fc.property(stories, (story) => {
      let before: StateName | "none" = "none";
      for (const { job, rule } of stepsOf(story.entries)) {
        assert.ok(EDGES[before].includes(job.state), `${before} -> ${job.state} by ${rule}`);
        before = job.state;
      }
    }),
    RUNS,
  );
});

Deno.test("laws: the rule names the transition that was made", () => {
  fc.assert(
    fc.property(stories, (story) => {
      let before: StateName | "none" = "none";
      for (const { job, rule } of stepsOf(story.entries)) {
        const { state, next } = RULES[rule];
        if (state !== "any") assert.equal(state, before);
        assert.equal(job.state, next === "unchanged" ? before : next);
        before = job.state;
      }
    }),
    RUNS,
  );
});

const UNMATCHED: ExpectationState = { matched: 0, by: [], surplus: 0 };

Deno.test("laws: satisfaction is monotonic", () => {
  fc.assert(
    fc.property(stories, (story) => {
      let before: JobState | undefined;
      for (const { job } of stepsOf(story.entries)) {
        for (const [index, { matched, by, surplus, waived }] of job.expected.entries()) {
          const earlier: ExpectationState = before?.expected[index] ?? UNMATCHED;
          const expectation = job.plan.expected[index];
          assert.ok(expectation !== undefined);
          const required = requiredMatches(expectation.multiplicity);
          assert.ok(matched >= earlier.matched && surplus >= earlier.surplus);
          assert.ok(matched <= required);
          assert.ok(surplus === 0 || matched === required || waived !== undefined);
          assert.ok(earlier.waived === undefined || waived === earlier.waived);
          assert.deepEqual(by.slice(0, earlier.by.length), earlier.by);
          assert.equal(by.length, matched);
        }
        before = job;
      }
    }),
    RUNS,
  );
});

Deno.test("laws: each entry adds one to each expectation that it matched, and to no other", () => {
  fc.assert(
    fc.property(stories, (story) => {
      let before: JobState | undefined;
      for (const { job, matched } of stepsOf(story.entries)) {
        for (const [index, { id }] of job.plan.expected.entries()) {
          const added = countAt(job, index) - countAt(before, index);
          assert.equal(added, matched.includes(id) ? 1 : 0);
        }
        before = job;
      }
    }),
    RUNS,
  );
});

function countAt(job: JobState | undefined, index: number): number {
  const progress = job?.expected[index];
  return progress === undefined ? 0 : progress.matched + progress.surplus;
}

Deno.test("laws: a job is Done without a failure exactly when its plan is satisfied", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const job = jobOf(story);
      const satisfied = job.plan.expected.every(({ multiplicity }, index) =>
        job.expected[index]?.matched === requiredMatches(multiplicity) ||
        job.expected[index]?.waived !== undefined
      );
      if (job.state === "Created") return;
      assert.equal(job.state === "Done" && job.failure === undefined, satisfied);
    }),
    RUNS,
  );
});

Deno.test("laws: a job that has ended has no open task, and says by which entry it ended", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const job = jobOf(story);
      if (!isTerminal(job)) return;
      const last = story.entries.find(({ logId }) => logId === job.endedBy);
      assert.equal(last?.receivedAt, job.endedAt);
      for (const { status } of job.tasks) {
        assert.ok(["completed", "failed", "abandoned"].includes(status), status);
      }
    }),
    RUNS,
  );
});

Deno.test("laws: lastLogId is that of the last entry", () => {
  fc.assert(
    fc.property(stories, (story) => {
      for (const [index, { job }] of stepsOf(story.entries).entries()) {
        assert.equal(job.lastLogId, story.entry(index).logId);
        assert.equal(job.firstLogId, story.entry(0).logId);
      }
    }),
    RUNS,
  );
});

Deno.test("laws: the projector changes neither the job nor the entry that it is given", () => {
  fc.assert(
    fc.property(stories, (story) => {
      let job: JobState | undefined;
      for (const entry of story.entries) job = deepFrozen(project(job, deepFrozen(entry)).job);
    }),
    RUNS,
  );
});
