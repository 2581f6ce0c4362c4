/**
 * Random journals of one job: entries of valid types and shapes, in an order that an engine may
 * never write. Names and values are few, so that entries often matter.
 */

import fc from "fast-check";
import type { Correlation } from "../../src/core/correlation.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { JobCreatedAttributes } from "../../src/core/framework_events.ts";
import { jobId, taskId } from "../../src/core/ids.ts";
import {
  type EventMatcher,
  type ExpectedEvent,
  type JobPolicy,
  MAIN_EXPECTATION,
  type Multiplicity,
} from "../../src/core/job_plan.ts";
import type { JsonObject } from "../../src/core/json.ts";
import {
  codedJob,
  created,
  expectation,
  type JobStory,
  matcher,
  outsideJob,
} from "../support/engine/entries.ts";

/** The next move in a story. */
type Move = (story: JobStory) => JobStory;

const FACTS = ["ec.Paid", "ec.Shipped", "ec.Refused", "ec.Undone"] as const;
const TASKS = ["main", "reserve", "charge"] as const;

const facts = fc.constantFrom(...FACTS);
const tasks = fc.constantFrom(...TASKS);
const attempts = fc.integer({ min: 1, max: 4 });
const attributesOf: fc.Arbitrary<JsonObject> = fc.record(
  { order: fc.constantFrom("1", 1, null), message: fc.constantFrom("no", 7) },
  { requiredKeys: [] },
);

const correlations: fc.Arbitrary<Correlation> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Correlation>("any") },
  fc.record({ equals: fc.record({ order: fc.constantFrom("1", 1, null) }) }),
  fc.record({ not: fc.record({ equals: fc.record({ order: fc.constantFrom("1", 1) }) }) }),
);

const factMatchers: fc.Arbitrary<EventMatcher> = fc.tuple(facts, correlations)
  .map(([type, correlation]) => matcher(type, correlation));

const multiplicities: fc.Arbitrary<Multiplicity> = fc.oneof(
  fc.constantFrom<Multiplicity>("ExactlyOnce", "AtLeastOnce"),
  fc.record({ times: fc.integer({ min: 1, max: 3 }) }),
);

const expectedTypes = fc.oneof(
  { weight: 8, arbitrary: facts },
  fc.constantFrom("job.TaskCompleted", "job.TaskFailed", "job.JobCancelled", "job.JobSuspended"),
);

const deadlines = fc.record({
  ms: fc.constantFrom(1, 86_400_000),
  otherwise: fc.constantFrom("fail" as const, "waive" as const, "waive" as const),
});

function expectationsOf(types: fc.Arbitrary<string>): fc.Arbitrary<ExpectedEvent> {
  return fc.record({
    type: types,
    correlation: correlations,
    multiplicity: multiplicities,
    task: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, tasks),
    within: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, deadlines),
  }).map(({ type, correlation, multiplicity, task, within }) =>
    expectation("", type, {
      correlation,
      multiplicity,
      ...(within === undefined ? {} : { within }),
      ...(task === undefined ? {} : { taskId: taskId(task) }),
    })
  );
}

const expectations = expectationsOf(expectedTypes);

const policies: fc.Arbitrary<JobPolicy> = fc.record({
  errors: fc.array(factMatchers, { maxLength: 1 }),
  onCompensated: fc.constantFrom("Done", "Failed"),
  compensation: fc.record({ succeeded: factMatchers, failed: factMatchers }),
}, { requiredKeys: ["errors", "onCompensated"] });

/** Sentences show them unchanged; any other double space is an error. */
const labelValues = fc.string().map((text) => text.replace(/ {2,}/g, " "));

const creations: fc.Arbitrary<Partial<JobCreatedAttributes>> = fc.record({
  coded: fc.boolean(),
  expected: fc.array(expectations, { maxLength: 3 }),
  policy: policies,
  priority: fc.integer({ min: -2, max: 2 }),
  labels: fc.dictionary(fc.constantFrom("tenant", "1", "__proto__"), labelValues),
  input: fc.option(fc.jsonValue({ maxDepth: 1 }), { nil: undefined }),
}).map(({ coded, expected, policy, input, ...rest }) => ({
  ...rest,
  ...(coded ? { type: "order.fulfil", definitionVersion: 1 } : {}),
  ...(input === undefined ? {} : { input: input as JsonObject }),
  plan: {
    expected: [
      ...(coded ? [MAIN_EXPECTATION] : []),
      ...expected.map((one, index) => ({ ...one, id: `e${index}` })),
    ],
    policy,
  },
}));

const someTasks = fc.uniqueArray(fc.constantFrom("reserve", "charge"));

const controls: fc.Arbitrary<Move> = fc.oneof(
  fc.constantFrom<Move>(
    (story) => story.started(),
    (story) => story.suspended(),
    (story) => story.suspended(),
    (story) => story.resumed(),
    (story) => story.framework("job.JobWoken", {}),
    (story) => story.cancelled("enough"),
    (story) => story.parked(),
    (story) => story.parked("crashed"),
    (story) => story.unparked(),
    (story) => story.left("reserve"),
    (story) => story.framework("job.JobRetried", { newJobId: jobId("job_2") }),
    (story) => story.framework("job.RecoveryRequired", { tasks: [taskId("reserve")] }),
    (story) => story.framework("job.JobCreated", { ...CREATED_AGAIN }),
  ),
  fc.tuple(someTasks, someTasks).map(([compensated, failed]): Move => (story) =>
    story.compensationEnded(compensated, failed)
  ),
);

const CREATED_AGAIN: JobCreatedAttributes = {
  plan: { expected: [], policy: { errors: [], onCompensated: "Done" } },
  priority: 9,
  labels: { again: "yes" },
};

const outsideFacts: fc.Arbitrary<Move> = fc.tuple(
  facts,
  attributesOf,
  fc.option(tasks, { nil: undefined, freq: 3 }),
  fc.constantFrom("fact", "fact", "correlated", "correlated", "coordination"),
).map(([type, attributes, task, how]): Move => (story) => {
  if (how === "correlated") return story.correlated(type, attributes, task);
  return story[how](type, attributes, task === undefined ? {} : { taskId: taskId(task) });
});

const runs: fc.Arbitrary<Move> = fc.tuple(
  fc.constantFrom(0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 11),
  tasks,
  attempts,
  fc.boolean(),
  fc.constantFrom("crash", "takeover", "shutdown", "cancelled"),
).map(([which, task, attempt, compensable, reason]): Move => (story) => {
  const options = compensable ? { compensable } as const : {};
  switch (which) {
    case 0:
      return story.taskStarted(task, attempt, options);
    case 1:
      return story.taskCompleted(task, attempt, { ...options, result: { attempt, task } });
    case 2:
      return story.taskBackedOff(task, attempt);
    case 3:
      return story.taskFailed(task, attempt, compensable ? "poison" : "deadLetter");
    case 4:
      return story.taskInterrupted(task, reason);
    case 5:
      return story.taskProgressed(task, compensable ? { done: 1 } : { done: 2, note: "half" });
    case 6:
      return story.timerSet("overnight").mainWaiting();
    case 7:
      return story.timerElapsed("overnight");
    case 8:
      return story.waitSet("e0", attempt).mainWaiting("e0");
    case 9:
      return story.deadlinePassed("e0", attempt);
    case 10:
      return story.deadlinePassed(compensable ? "e0" : "e1");
    default:
      return story.mainWaiting("e0", "e1");
  }
});

const undoings: fc.Arbitrary<Move> = fc.tuple(
  fc.nat({ max: 4 }),
  tasks,
  attempts,
  fc.constantFrom("crash", "takeover", "shutdown", "cancelled"),
).map(([which, task, attempt, reason]): Move => (story) => {
  switch (which) {
    case 0:
      return story.compensationStarted(task, attempt);
    case 1:
      return story.taskCompensated(task, attempt);
    case 2:
      return story.compensationBackedOff(task, attempt);
    case 3:
      return story.compensationFailed(task, attempt);
    default:
      return story.taskInterrupted(task, reason, "compensation");
  }
});

const executions: fc.Arbitrary<Move> = fc.tuple(tasks, attempts).map(
  ([task, attempt]): Move => (story) => story.taskStartedBy(`exe_${attempt}`, task, attempt),
);

const moves: fc.Arbitrary<Move> = fc.tuple(
  fc.oneof(
    { weight: 2, arbitrary: controls },
    { weight: 6, arbitrary: outsideFacts },
    { weight: 4, arbitrary: runs },
    { weight: 2, arbitrary: undoings },
    { weight: 1, arbitrary: executions },
  ),
  fc.constantFrom(0, 0, 0, 1, 7),
).map(([move, gap]): Move => (story) => move(story.skip(gap)));

/** Most jobs start at once; the others when a move says so, or never. */
const beginnings: fc.Arbitrary<Move> = fc.oneof(
  { weight: 9, arbitrary: fc.constant<Move>((story) => story.started()) },
  fc.constant<Move>((story) => story),
);

/** What may happen to a job after its creation. */
export const tails: fc.Arbitrary<Move> = fc.array(moves, { maxLength: 25, size: "max" })
  .map((list): Move => (story) => list.reduce((told, move) => move(told), story));

/** The whole story of one job. */
export const stories: fc.Arbitrary<JobStory> = fc.tuple(creations, beginnings, tails)
  .map(([attributes, begin, tail]) => tail(begin(created(attributes))));

/** A job that no error event can fail, and the same with its facts at other places. */
export interface Reordering {
  readonly recorded: readonly JobEventLogEntry[];
  readonly reordered: readonly JobEventLogEntry[];
}

const PLACES = 12;

/** Facts go anywhere after the start; entries of the code keep their order. */
export const reorderings: fc.Arbitrary<Reordering> = fc.record({
  coded: fc.boolean(),
  expected: fc.array(expectationsOf(facts), { minLength: 1, maxLength: 3 }),
  moves: fc.array(fc.oneof({ weight: 2, arbitrary: outsideFacts }, runs), { maxLength: PLACES }),
  places: fc.array(fc.nat({ max: PLACES }), { minLength: PLACES, maxLength: PLACES }),
}).map(({ coded, expected, moves, places }) => {
  const named = expected.map((one, index) => ({ ...one, id: `e${index}` }));
  const begun = (coded ? codedJob(named) : outsideJob(named)).started();
  const story = moves.reduce((told, move) => move(told), begun);
  const after = story.entries.slice(begun.entries.length)
    // Between an event and a deadline the order matters.
    .filter((entry) => !isFinal(entry) && entry.eventType !== "job.DeadlinePassed");
  const reordered = after
    .map((entry, index) => ({ entry, at: isFact(entry) ? (places[index] ?? 0) - 0.5 : index }))
    .toSorted((left, right) => left.at - right.at)
    .map(({ entry }, place) => ({ ...entry, logId: after[place]?.logId }) as JobEventLogEntry);
  return {
    recorded: [...begun.entries, ...after],
    reordered: [...begun.entries, ...reordered],
  };
});

function isFact({ stratum, eventType }: JobEventLogEntry): boolean {
  return stratum !== "framework" || eventType === "job.EventCorrelated";
}

/** A task that failed for good, which is an error event. */
function isFinal({ eventType, attributes }: JobEventLogEntry): boolean {
  return eventType === "job.TaskFailed" && "final" in attributes;
}

const identifiers = fc.option(fc.constantFrom("exe_a", "exe_b", "7"), { nil: undefined });

/** Observability ids and senders' times, or none. */
export const hearsay = fc.record({
  executionId: identifiers,
  traceId: identifiers,
  spanId: identifiers,
  occurredAt: fc.constantFrom("1999-12-31T23:59:59.000Z", "2099-01-01T00:00:00.000Z"),
});

export type Hearsay = typeof hearsay extends fc.Arbitrary<infer T> ? T : never;

/** The entry with other observability ids and another time of occurrence. */
export function retold(entry: JobEventLogEntry, said: Hearsay): JobEventLogEntry {
  const { executionId: _execution, traceId: _trace, spanId: _span, ...rest } = entry;
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const attributes = "occurredAt" in rest.attributes
    ? { ...rest.attributes, occurredAt: said.occurredAt }
    : rest.attributes;
  return { ...rest, ...given, attributes } as JobEventLogEntry;
}
