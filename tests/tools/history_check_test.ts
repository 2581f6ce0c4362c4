/** Changed definitions checked against jobs at every stage, and run by the live engine. */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import { isTerminal } from "../../src/core/job_state.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { told, verdictOn } from "../support/engine/history_checks.ts";

const TYPE = "demo.steps";

/** Named tasks, one after the other, and then a shipment. */
function steps(names: readonly string[], work: (name: string) => unknown): AnyJobDefinition {
  return looseJob(TYPE, async (ctx) => {
    for (const name of names) await ctx.task(name, () => work(name));
    await ctx.expect("shipped");
  }, { expects: () => ({ shipped: { eventType: "ec.Shipped" } }) });
}

/** The test ends its task. */
const blocker = (work: () => unknown) => looseJob("demo.blocker", (ctx) => ctx.task("block", work));

class Recording {
  readonly #gates = new Map<string, () => void>();
  #daybook: Harness | undefined;

  get daybook(): Harness {
    assert.ok(this.#daybook);
    return this.#daybook;
  }

  async start(maxRunning = 10): Promise<this> {
    const definitions = [
      steps(["a", "b"], (name) => this.#gate(name)),
      blocker(() => this.#gate("block")),
    ];
    this.#daybook = await Harness.start({ definitions, maxRunning });
    return this;
  }

  async open(name: string): Promise<void> {
    const open = this.#gates.get(name);
    assert.ok(open, `${name} has not begun`);
    open();
    await this.daybook.clock.settle();
  }

  #gate(name: string): Promise<void> {
    return new Promise<void>((resolve) => this.#gates.set(name, resolve));
  }
}

type Stage =
  | "created"
  | "queued"
  | "a started"
  | "a done"
  | "b started"
  | "both done"
  | "waiting"
  | "finished";

/** How far the recorded job has got. */
const STAGES: Readonly<Record<Stage, (recording: Recording) => Promise<JobId>>> = {
  created: async (recording) =>
    (await recording.daybook.create({ type: TYPE, input: {}, start: false })).jobId,
  queued: async (recording) => {
    await recording.start(1);
    await recording.daybook.submit("demo.blocker");
    return await recording.daybook.submit(TYPE);
  },
  "a started": (recording) => recording.daybook.submit(TYPE),
  "a done": async (recording) => {
    const id = await recording.daybook.submit(TYPE);
    await recording.daybook.control(id, "suspend");
    await recording.open("a");
    return id;
  },
  "b started": async (recording) => {
    const id = await recording.daybook.submit(TYPE);
    await recording.open("a");
    return id;
  },
  "both done": async (recording) => {
    const id = await STAGES["b started"](recording);
    await recording.daybook.control(id, "suspend");
    await recording.open("b");
    return id;
  },
  waiting: async (recording) => {
    const id = await STAGES["b started"](recording);
    await recording.open("b");
    assert.equal(recording.daybook.condition(id), "waiting");
    return id;
  },
  finished: async (recording) => {
    const id = await STAGES.waiting(recording);
    await recording.daybook.event("ec.Shipped");
    assert.equal(recording.daybook.job(id).state, "Done");
    return id;
  },
};

const ON_A = (instead: string) => `diverges: recorded task a; run asks for ${instead} instead`;
const ON_B = (instead: string) => `diverges: recorded task b; run asks for ${instead} instead`;
const ASKS = (task: string) => `compatible: asks for ${task}, pending`;
const WAITS = "compatible: waits for shipped, pending";

const CASES: readonly {
  readonly change: string;
  readonly names: readonly string[];
  readonly verdicts: Readonly<Record<Stage, string>>;
}[] = [
  {
    change: "nothing changed",
    names: ["a", "b"],
    verdicts: {
      created: ASKS("a"),
      queued: ASKS("a"),
      "a started": ASKS("a"),
      "a done": ASKS("b"),
      "b started": ASKS("b"),
      "both done": WAITS,
      waiting: WAITS,
      finished: "compatible: returned",
    },
  },
  {
    change: "two tasks swapped",
    names: ["b", "a"],
    verdicts: {
      created: ASKS("b"),
      queued: ASKS("b"),
      "a started": ON_A("b"),
      "a done": ON_A("b"),
      "b started": ON_A("b"),
      "both done": ON_A("b"),
      waiting: ON_A("b"),
      finished: ON_A("b"),
    },
  },
  {
    change: "the second task renamed",
    names: ["a", "b2"],
    verdicts: {
      created: ASKS("a"),
      queued: ASKS("a"),
      "a started": ASKS("a"),
      "a done": ASKS("b2"),
      "b started": ON_B("b2"),
      "both done": ON_B("b2"),
      waiting: ON_B("b2"),
      finished: ON_B("b2"),
    },
  },
  {
    change: "a task added at the end",
    names: ["a", "b", "c"],
    verdicts: {
      created: ASKS("a"),
      queued: ASKS("a"),
      "a started": ASKS("a"),
      "a done": ASKS("b"),
      "b started": ASKS("b"),
      "both done": ASKS("c"),
      waiting: ASKS("c"),
      finished: "goesOn: recorded the end of run; run now asks for c",
    },
  },
  {
    change: "a task added in the middle",
    names: ["a", "x", "b"],
    verdicts: {
      created: ASKS("a"),
      queued: ASKS("a"),
      "a started": ASKS("a"),
      "a done": ASKS("x"),
      "b started": ON_B("x"),
      "both done": ON_B("x"),
      waiting: ON_B("x"),
      finished: ON_B("x"),
    },
  },
  {
    change: "the second task removed",
    names: ["a"],
    verdicts: {
      created: ASKS("a"),
      queued: ASKS("a"),
      "a started": ASKS("a"),
      "a done": WAITS,
      "b started": "diverges: recorded task b; run waits for shipped instead",
      "both done": "diverges: recorded task b; run waits for shipped instead",
      waiting: "diverges: recorded task b; run waits for shipped instead",
      finished: "diverges: recorded task b; run waits for shipped instead",
    },
  },
];

for (const { change, names, verdicts } of CASES) {
  for (const [stage, expected] of Object.entries(verdicts) as [Stage, string][]) {
    Deno.test(`history: ${change}, ${stage}: ${expected}`, async () => {
      const recording = await new Recording().start();
      const id = await STAGES[stage](recording);
      const { daybook } = recording;
      const before = await daybook.entries(id);
      const ran: string[] = [];
      const changed = steps(names, (name) => ran.push(name));

      const verdict = await verdictOn(daybook, id, changed);

      assert.equal(told(verdict), expected);
      assert.deepEqual(ran, []);
      assert.deepEqual(await daybook.entries(id), before);
      if (verdict.kind === "diverges") {
        const entry = before.find(({ logId }) => logId === verdict.logId);
        assert.deepEqual([entry?.eventType, entry?.taskId], ["job.TaskStarted", verdict.taskId]);
      }
      if (!isTerminal(daybook.job(id))) await assertLiveAgrees(daybook, id, changed, verdict);
    });
  }
}

/** The live engine parks the job exactly when the check says that it diverges. */
async function assertLiveAgrees(
  daybook: Harness,
  id: JobId,
  changed: AnyJobDefinition,
  verdict: { readonly kind: string; readonly logId?: number },
): Promise<void> {
  const restarted = await daybook.crash([changed, blocker(() => {})]);
  if (restarted.job(id).state === "Created") await restarted.control(id, "start");
  if (restarted.condition(id) === "suspended") await restarted.control(id, "resume");
  await restarted.event("ec.Shipped");
  await restarted.clock.advance(5_000);

  const job = restarted.job(id);
  const isParked = verdict.kind === "diverges";
  assert.equal(job.parked?.reason, isParked ? "diverged" : undefined);
  assert.equal(job.parked?.disagreesWith, verdict.logId);
  assert.equal(isTerminal(job), !isParked);
  restarted.assertSound();
}
