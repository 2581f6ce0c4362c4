/**
 * The engine and the journal on a simulated machine. New seeds with every run; `deno task sim`
 * plays more of them, and a failure prints the command that replays its seed.
 */

import assert from "node:assert/strict";
import { IS_QUICK, IS_SOAK, rounds } from "../support/effort.ts";
import { broken, smallSlices } from "./broken_kernel.ts";
import { BROKEN_VARIANTS } from "./broken_variants.ts";
import { LIMITED, ONE_WORKER, PAUSED, SET_CLOCK } from "./engine_ports.ts";
import {
  failureText,
  knownSeeds,
  type Level,
  LEVELS,
  playEngineSeed,
  playSeed,
  Tally,
} from "./simulation.ts";
import { LONG_FULL, OFTEN_FULL } from "./weather.ts";
import { runTask } from "../support/process/task_process.ts";
import { Writer } from "../../src/engine/writer/writer.ts";
import { JobModel } from "./job_model.ts";

const FIRST_SEED = Date.now() % 2 ** 31;
const RUNS: Readonly<Record<Level, number>> = {
  journal: rounds(200, 20_000, 40),
  engine: rounds(60, 5_000, 10),
  shared: rounds(12, 5_000, 3),
};
/** Played three times each. */
const REPEATED: Readonly<Record<Level, number>> = {
  journal: rounds(3, 20, 2),
  engine: rounds(3, 20, 2),
  shared: rounds(1, 20),
};
const VARIANT_SEEDS_MAX = 2_000;

async function mustBeSound(level: Level, seed: number, tally = new Tally()): Promise<void> {
  const verdict = await playSeed(level, seed);
  tally.add(verdict);
  if (verdict.violations.length > 0) assert.fail(await failureText(verdict));
}

Deno.test("simulation: a seed plays the same twice, in every byte of the journal and line of the trace", async () => {
  for (const level of LEVELS) {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + REPEATED[level]; seed++) {
      const verdict = await playSeed(level, seed, true);
      assert.ok(verdict.trace.length > 20);
      assert.deepEqual(await playSeed(level, seed, true), verdict);
      assert.equal((await playSeed(level, seed)).digest, verdict.digest, "tracing changes nothing");
    }
  }
});

Deno.test("simulation: an engine may be behind only while it handles a large batch, not after it skipped one", async () => {
  const model = new JobModel(assert.fail, () => 0);
  const large = Array.from({ length: Writer.SLICE_ENTRIES + 1 });
  await model.handled(large, () => {});
  assert.ok(!model.isAhead);

  const { promise, resolve } = Promise.withResolvers<void>();
  const handled = model.handled(large, () => promise);
  assert.ok(model.isAhead);
  resolve();
  await handled;
  assert.ok(!model.isAhead);
});

for (const { level, seed, found } of knownSeeds()) {
  Deno.test(`simulation: ${level} seed ${seed} is sound, which once found: ${found}`, async () => {
    await mustBeSound(level, seed);
  });
}

const PLAYED: Readonly<Record<Level, string>> = {
  journal: "the journal",
  engine: "the engine",
  shared: "several engines that share a journal",
};

for (const level of LEVELS) {
  Deno.test(`simulation: new seeds of ${PLAYED[level]} find no violation`, async () => {
    const tally = new Tally();
    for (let run = 0; run < RUNS[level]; run++) await mustBeSound(level, FIRST_SEED + run, tally);
    console.log(`${level} seeds from ${FIRST_SEED}: ${tally}`);
  });
}

Deno.test("simulation: new seeds of the engine on a disk that is often full find no violation", async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + rounds(15, 5_000, 4); seed++) {
    const { violations } = await playEngineSeed(seed, { climate: OFTEN_FULL });
    assert.deepEqual(violations, [], `seed ${seed} where the disk is often full`);
  }
});

Deno.test("simulation: new seeds of the engine with one worker, on a disk that stays full for long, find no violation", async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + rounds(15, 5_000, 4); seed++) {
    const { violations } = await playEngineSeed(seed, { climate: LONG_FULL, ports: ONE_WORKER });
    assert.deepEqual(violations, [], `seed ${seed} where the disk stays full for long`);
  }
});

Deno.test("simulation: new seeds of the engine with a clock that is set find no violation", async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + rounds(20, 5_000, 5); seed++) {
    const { violations } = await playEngineSeed(seed, { ports: SET_CLOCK });
    assert.deepEqual(violations, [], `seed ${seed} while somebody sets the clock`);
  }
});

Deno.test("simulation: new seeds of the engine that shows each batch group by group find no violation", async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + rounds(20, 5_000, 5); seed++) {
    const { violations } = await broken(smallSlices, () => playEngineSeed(seed));
    assert.deepEqual(violations, [], `seed ${seed} in small slices`);
  }
});

Deno.test("simulation: new seeds of the engine with repeated pauses find no violation", async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + rounds(12, 5_000, 3); seed++) {
    const { violations } = await playEngineSeed(seed, { ports: PAUSED });
    assert.deepEqual(violations, [], `seed ${seed} where jobs are paused`);
  }
});

Deno.test("simulation: new seeds of the engine with repeatedly changed limits and pauses find no violation", async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + rounds(12, 5_000, 3); seed++) {
    const { violations } = await playEngineSeed(seed, { ports: LIMITED });
    assert.deepEqual(violations, [], `seed ${seed} where limits change`);
  }
});

Deno.test("simulation: engine seed 532495693 where the disk stays full for long is sound, which once found: a journal was resumed twice, and lost what came in between", async () => {
  const ports = ONE_WORKER;
  const { violations } = await playEngineSeed(532_495_693, { climate: LONG_FULL, ports });
  assert.deepEqual(violations, []);
});

Deno.test("simulation: engine seed 585049582 where limits change is sound, which once found: a place given back by a lost job went to another lost job", async () => {
  const { violations } = await playEngineSeed(585_049_582, { ports: LIMITED });
  assert.deepEqual(violations, []);
});

Deno.test("simulation: engine seed 913002437 where limits change is sound, which once found: a job that waited for a worker gave its place back, and then ran without one", async () => {
  const { violations } = await playEngineSeed(913_002_437, { ports: LIMITED });
  assert.deepEqual(violations, []);
});

Deno.test("simulation: engine seed 9000433 where limits change is sound, which once found: a start without room served what a failed sync had not written", async () => {
  const { violations } = await playEngineSeed(9_000_433, { ports: LIMITED });
  assert.deepEqual(violations, []);
});

Deno.test("simulation: engine seed 8000371 where the disk stays full for long is sound, which once found: a retry that was due was an hour away again while it waited for a worker", async () => {
  const ports = ONE_WORKER;
  const { violations } = await playEngineSeed(8_000_371, { climate: LONG_FULL, ports });
  assert.deepEqual(violations, []);
});

Deno.test("simulation: engine seed 532496609 where the disk stays full for long is sound, which once found: running jobs were refused although the journal had resumed", async () => {
  const ports = ONE_WORKER;
  const { violations } = await playEngineSeed(532_496_609, { climate: LONG_FULL, ports });
  assert.deepEqual(violations, []);
});

for (const seed of [53, 532_495_709]) {
  Deno.test(`simulation: engine seed ${seed} while somebody sets the clock is sound, which once found: the due time of a recorded retry was computed too late`, async () => {
    const { violations } = await playEngineSeed(seed, { ports: SET_CLOCK });
    assert.deepEqual(violations, []);
  });
}

Deno.test("simulation: engine seed 514557037 where the disk is often full is sound, which once found: a retry began outside its trace", async () => {
  const { violations } = await playEngineSeed(514_557_037, { climate: OFTEN_FULL });
  assert.deepEqual(violations, []);
});

Deno.test("simulation: engine seed 514863299 with one worker, on a disk that stays full for long, is sound, which once found: a started job waited for the room of a new one", async () => {
  const options = { climate: LONG_FULL, ports: ONE_WORKER };
  const { violations } = await playEngineSeed(514_863_299, options);
  assert.deepEqual(violations, []);
});

// The first of them concern the journal, and are found at once.
for (const { name, finding, seed, play } of BROKEN_VARIANTS.slice(0, IS_QUICK ? 5 : undefined)) {
  Deno.test(`simulation: it catches ${name}`, async () => {
    for (let run = 0; run < VARIANT_SEEDS_MAX; run++) {
      const known = run === 0 && !IS_SOAK ? seed : undefined;
      const { violations } = await play(known ?? FIRST_SEED + run);
      if (violations.some((violation) => finding.test(violation))) return;
    }
    assert.fail(`${VARIANT_SEEDS_MAX} seeds from ${FIRST_SEED} on found nothing wrong`);
  });
}

Deno.test("deno task sim: it plays the given seeds, and summarizes them", async () => {
  const { code, output, errors } = await runTask("sim", ["--seed", "7", "--runs", "3"]);
  assert.deepEqual([code, errors], [0, ""]);
  assert.match(output, /^seeds from 7, 3 for each of journal,engine,shared\n/);
  assert.match(output, /\n9 runs, \d+ crashes .* entries acknowledged, 0 violations\n$/);
});

Deno.test("deno task sim: a seed is traced on request", async () => {
  const args = ["--seed", "7", "--runs", "1", "--level", "engine", "--verbose"];
  const { code, output } = await runTask("sim", args);
  assert.equal(code, 0);
  for (const line of [/process 1 starts/, /disk: create /, /client: /, /durable: 1 journal\./]) {
    assert.match(output, line);
  }
});

Deno.test("deno task sim: unknown arguments are refused", async () => {
  for (const args of [["--level", "disk"], ["--sed", "1"]]) {
    const { code, output, errors } = await runTask("sim", args);
    assert.deepEqual([code, output], [64, ""], args.join(" "));
    assert.match(errors, /^sim: [^]+; see --help\n$/);
  }
  const help = await runTask("sim", ["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.output, /--seed <n>/);
});

Deno.test("simulation: a failure says what happened, and how to replay it", async () => {
  const verdict = await playSeed("journal", 7);
  const text = await failureText({ ...verdict, violations: ["something was lost"] });
  assert.match(text, /process 1 starts\n/);
  assert.match(text, /\nviolation: something was lost\n/);
  assert.match(text, /\nto see it again: deno task sim --seed 7 --runs 1 --level journal\n/);
});
