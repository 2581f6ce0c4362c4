/** `deno task journal replay-test`, from the files to the last line and the exit code. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { runCommand } from "../../src/cli/command.ts";
import { type JournalTools, onJournal } from "../../src/cli/journal/folder.ts";
import { REPLAY_TEST_COMMAND } from "../../src/cli/journal/replay_test.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeTerminal } from "../support/process/fake_terminal.ts";
import { FOLDER, RecordedJournal } from "./recorded_journal.ts";
import { looseJob } from "../support/engine/engine_harness.ts";

interface Release {
  readonly version?: number;
  readonly runs?: readonly number[];
  readonly names?: readonly string[];
  readonly expects?: readonly string[];
  readonly work?: (name: string) => unknown;
}

const never = () => {
  throw new Error("replay-test must not call this");
};

/** Tasks one after the other, then events. */
function order(
  { version = 1, runs = [1], names = ["reserve", "charge"], expects = ["shipped"], work = never }:
    Release,
): AnyJobDefinition {
  return defineJob({
    type: "shop.order",
    version,
    runs,
    input: v.looseObject({}),
    expects: () => Object.fromEntries(expects.map((name) => [name, { eventType: `ec.${name}` }])),
    async run(ctx) {
      for (const name of names) await ctx.task(name, () => work(name));
      for (const name of expects) await ctx.expect(name);
    },
  });
}

const letter: AnyJobDefinition = looseJob(
  "shop.letter",
  (ctx) => ctx.task("send", () => new Promise<void>(() => {})),
);

/** Orders at every stage: created, charging, waiting and done; and a letter on its way. */
async function shop(): Promise<RecordedJournal> {
  const recorded = await RecordedJournal.start([
    order({ work: (name) => name === "charge" && charging ? new Promise(() => {}) : name }),
    letter,
  ]);
  let charging = false;
  await recorded.submit("shop.order", "order-created", false);
  await recorded.submit("shop.order", "order-done");
  await recorded.event("ec.shipped", "order-done");
  await recorded.submit("shop.order", "order-waiting");
  charging = true;
  await recorded.submit("shop.order", "order-charging");
  await recorded.submit("shop.letter", "letter-1");
  await recorded.close();
  return recorded;
}

async function replayTest(
  recorded: RecordedJournal,
  definitions: readonly AnyJobDefinition[],
  args: readonly string[],
  isInteractive = true,
) {
  const clock = new FakeClock();
  const terminal = new FakeTerminal({ isInteractive });
  const before = new Map(recorded.disk.files);
  const tools: Partial<JournalTools> = {
    clock,
    fileSystem: recorded.disk,
    definitions: () => Promise.resolve(definitions),
  };
  const command = onJournal(REPLAY_TEST_COMMAND, tools as JournalTools);
  const running = runCommand([command], [command.name, ...args], {
    program: "deno task journal",
    terminal,
    env: (name) => name === "DAYBOOK_JOURNAL" ? FOLDER : undefined,
  });
  let isDone = false;
  void running.finally(() => isDone = true);
  while (!isDone) await clock.advance(500);
  assert.deepEqual(new Map(recorded.disk.files), before);
  const lines = terminal.output.map((line) => line.replace(LOCATION, "SEGMENT:LINE (entry $3)"));
  return { code: await running, terminal, text: terminal.text, lines };
}

const LOCATION = /(\d{20}\.ndjson):(\d+) \(entry (\d+)\)/;

/** Every `segment:line (entry n)` of a text, as the entry that is on that line. */
function cited(recorded: RecordedJournal, text: string) {
  return [...text.matchAll(new RegExp(LOCATION, "g"))].map(
    ([, segment = "", line, logId]) => {
      const entry = recorded.lineOf(segment, Number(line));
      assert.equal(entry["logId"], Number(logId));
      return `${entry["jobId"]} ${entry["eventType"]} ${entry["taskId"]}`;
    },
  );
}

Deno.test("replay-test: the code that wrote the journal breaks nothing", async () => {
  const recorded = await shop();
  const { code, terminal } = await replayTest(recorded, [order({}), letter], ["--journal", FOLDER]);

  assert.equal(code, 0);
  assert.deepEqual(terminal.output, [
    "shop.letter (version 1): 1 in flight: 1 compatible; 0 finished: 0 compatible",
    "",
    "shop.order (version 1): 3 in flight: 3 compatible; 1 finished: 1 compatible",
    "",
    "nothing breaks among 4 jobs in flight (journal up to entry 40)",
  ]);
  const full = terminal.bars.filter((bar) => /(?<= )(\d+)\/\1$/.test(bar));
  assert.deepEqual(full.map((bar) => bar.split(" ")[0]), ["reading", "checking"]);
});

Deno.test("replay-test: names each job that breaks, the versions, and the line it disagrees with", async () => {
  const recorded = await shop();
  const changed = order({ version: 2, names: ["reserve", "bill"] });
  const { code, lines, text } = await replayTest(recorded, [changed, letter], []);

  assert.equal(code, 1);
  assert.deepEqual(lines.slice(2), [
    "shop.order (version 2): 3 in flight: 1 compatible, 2 would break; " +
    "1 finished: 0 compatible, 1 would differ",
    "  2 in flight would break:",
    "    order-waiting (version 1, now 2): SEGMENT:LINE (entry 19) " +
    "recorded task charge; run asks for bill instead",
    "    order-charging (version 1, now 2): SEGMENT:LINE (entry 28) " +
    "recorded task charge; run asks for bill instead",
    "  1 finished would take another path today, but are never run again:",
    "    order-done (version 1, now 2): SEGMENT:LINE (entry 8) " +
    "recorded task charge; run asks for bill instead",
    "",
    "2 of 4 jobs in flight would break (journal up to entry 40)",
  ]);
  assert.deepEqual(cited(recorded, text), [
    "order-waiting job.TaskStarted charge",
    "order-charging job.TaskStarted charge",
    "order-done job.TaskStarted charge",
  ]);
});

Deno.test("replay-test: a job that fits, but that no loaded version runs, would be parked", async () => {
  const recorded = await shop();
  const args = ["--type", "shop.order", "--unfinished"];
  const { code, lines, text } = await replayTest(recorded, [order({ version: 2, runs: [] })], args);

  assert.equal(code, 1);
  assert.match(lines[0] ?? "", /3 in flight: 0 compatible, 3 would break/);
  assert.match(
    lines[2] ?? "",
    /order-created .*: SEGMENT:LINE \(entry 2\) version 1 of type shop.order is not loaded: version 2 is, and does not say that it runs its jobs \(runs: \[1\]\)$/,
  );
  assert.equal(cited(recorded, text)[0], "order-created job.JobCreated undefined");
  const both = [order({ version: 2, runs: [] }), order({})];
  assert.equal((await replayTest(recorded, both, args)).code, 0);
});

Deno.test("replay-test: for a change under the same version it advises raising the version", async () => {
  const changed = order({ names: ["reserve", "bill"] });
  const args = ["--type", "shop.order", "--unfinished"];
  const { code, lines } = await replayTest(await shop(), [changed], args);

  assert.equal(code, 1);
  assert.deepEqual(lines, [
    "shop.order (version 1): 3 in flight: 1 compatible, 2 would break; 0 finished: 0 compatible",
    "  2 in flight would break:",
    "    order-waiting (version 1, still 1): SEGMENT:LINE (entry 19) " +
    "recorded task charge; run asks for bill instead",
    "    order-charging (version 1, still 1): SEGMENT:LINE (entry 28) " +
    "recorded task charge; run asks for bill instead",
    "  version is still 1: raise it when run changes",
    "",
    "2 of 3 jobs in flight would break (journal up to entry 40)",
  ]);
});

Deno.test("replay-test: a changed plan is named; it breaks jobs whose plan lacks what run asks for", async () => {
  const recorded = await shop();
  const changed = order({ version: 2, expects: ["delivered"] });
  const args = ["--type", "shop.order", "--unfinished"];
  const { code, lines, text } = await replayTest(recorded, [changed], args);

  assert.equal(code, 1);
  assert.deepEqual(lines, [
    "shop.order (version 2): 3 in flight: 2 compatible, 1 would break; 0 finished: 0 compatible",
    "  1 in flight would break:",
    "    order-waiting (version 1, now 2): SEGMENT:LINE (entry 14) recorded a plan that does " +
    'not fit run: Cannot expect "delivered": expects did not declare it for this job; it declared shipped',
    "  3 jobs in flight keep their recorded plan: expectation shipped was removed",
    "  3 jobs in flight keep their recorded plan: expectation delivered was added",
    "",
    "1 of 3 jobs in flight would break (journal up to entry 40)",
  ]);
  assert.deepEqual(cited(recorded, text), ["order-waiting job.JobCreated undefined"]);
});

Deno.test("replay-test: a single job is reported with its next step", async () => {
  const recorded = await shop();
  const definitions = [order({ names: ["reserve", "charge", "pack"] }), letter];
  const waiting = await replayTest(recorded, definitions, ["--job", "order-waiting"]);
  const unknown = await replayTest(recorded, definitions, ["--job", "order-9"]);

  assert.equal(waiting.code, 0);
  assert.deepEqual(waiting.lines, [
    "shop.order (version 1): 1 in flight: 1 compatible; 0 finished: 0 compatible",
    "  1 compatible:",
    "    order-waiting (version 1, still 1): compatible; run now asks for pack",
    "",
    "nothing breaks among 1 job in flight (journal up to entry 40)",
  ]);
  assert.equal(unknown.code, 64);
  assert.deepEqual(unknown.terminal.errors, [
    "daybook: Cannot test job order-9: no such job was selected",
  ]);
});

Deno.test("replay-test: unfinished jobs without a definition are counted, and the verdict is not good", async () => {
  const recorded = await shop();
  const { code, lines } = await replayTest(recorded, [order({})], []);

  assert.equal(code, 1);
  assert.deepEqual(lines.slice(-2), [
    "1 unfinished job of type shop.letter: no definition is loaded; keep the old one loaded, " +
    "with --definitions, until it has ended",
    "of 4 jobs in flight 3 were checked, and nothing breaks; 1 has no definition " +
    "(journal up to entry 40)",
  ]);
  const nothing = await replayTest(recorded, [], []);
  assert.equal(
    nothing.lines.at(-1),
    "of 4 jobs in flight none was checked; 4 have no definition (journal up to entry 40)",
  );
  const unknown = await replayTest(recorded, [order({})], ["--type", "shop.letter"]);
  assert.equal(unknown.code, 64);
  assert.deepEqual(unknown.terminal.errors, [
    "daybook: Cannot test type shop.letter: no definition is loaded; loaded are shop.order",
  ]);
});

Deno.test("replay-test: at most 20 jobs of a type are listed, or all", async () => {
  const recorded = await RecordedJournal.start([letter]);
  for (let index = 0; index < 23; index++) await recorded.submit("shop.letter", `letter-${index}`);
  await recorded.close();
  const changed = { ...letter, version: 2, run: () => Promise.resolve() };
  const some = await replayTest(recorded, [changed], []);
  const all = await replayTest(recorded, [changed], ["--all"]);

  assert.equal(some.lines.length, 25);
  assert.match(some.lines[21] ?? "", /^ {4}letter-19 .*recorded task send; run returns instead$/);
  assert.equal(some.lines[22], "    and 3 more; --all lists them");
  assert.equal(all.lines.length, 27);
  assert.match(all.lines[24] ?? "", /^ {4}letter-22 /);
});

Deno.test("replay-test: in a pipe it prints one JSON value per line", async () => {
  const recorded = await shop();
  const changed = order({ names: ["reserve"] });
  const { code, terminal } = await replayTest(recorded, [changed], ["--unfinished"], false);
  const [first, ...rest] = terminal.output.map((line) => JSON.parse(line));
  const { segment, line, ...finding } = first;

  assert.equal(code, 1);
  assert.deepEqual(finding, {
    kind: "job",
    jobId: "order-waiting",
    type: "shop.order",
    state: "Running",
    inFlight: true,
    category: "breaks",
    verdict: "diverges",
    version: 1,
    versionNow: 1,
    logId: 19,
    taskId: "charge",
    message: "recorded task charge; run waits for shipped instead",
    hint: "version is still 1: raise it when run changes",
  });
  assert.equal(recorded.lineOf(segment, line)["logId"], 19);
  assert.deepEqual(rest.map(({ kind }) => kind), ["job", "type", "missing", "verdict"]);
  assert.deepEqual(rest.slice(1), [
    {
      kind: "type",
      type: "shop.order",
      versionNow: 1,
      inFlight: 3,
      compatible: 1,
      breaks: 2,
      notChecked: 0,
      finished: 0,
      differs: 0,
      finishedNotChecked: 0,
    },
    { kind: "missing", type: "shop.letter", unfinished: 1 },
    {
      kind: "verdict",
      verdict: "breaks",
      inFlight: 4,
      finished: 0,
      breaks: 2,
      differs: 0,
      notChecked: 0,
      missing: 1,
      headLogId: 40,
    },
  ]);
});

Deno.test("replay-test: jobs without a definition make it incomplete, with exit code 1, not broken", async () => {
  const { code, lines } = await replayTest(await shop(), [order({})], [], false);

  assert.equal(code, 1);
  const { verdict, breaks, missing } = JSON.parse(lines.at(-1) ?? "");
  assert.deepEqual([verdict, breaks, missing], ["incomplete", 0, 1]);
});

/** The path and content of the last segment. */
/** @param index Counted from the end when negative. */
function segment(
  { disk }: RecordedJournal,
  index: number,
): [path: string, bytes: Uint8Array<ArrayBuffer>] {
  const paths = [...disk.files.keys()].filter((path) => path.endsWith(".ndjson")).toSorted();
  const path = paths.at(index) ?? "";
  return [path, disk.files.get(path) ?? new Uint8Array()];
}

Deno.test("replay-test: a batch that is being written is left out", async () => {
  const recorded = await shop();
  const [path, bytes] = segment(recorded, -1);
  const torn = new TextEncoder().encode('\n{"logId":41,"batch":41,"rece');
  recorded.disk.files.set(path, new Uint8Array([...bytes, ...torn]));
  recorded.disk.files.set(`${FOLDER}/segments/00000000000000000041.ndjson.tmp`, new Uint8Array());
  const { code, lines } = await replayTest(recorded, [order({}), letter], []);

  assert.equal(code, 0);
  assert.equal(lines.at(-1), "nothing breaks among 4 jobs in flight (journal up to entry 40)");
});

Deno.test("replay-test: a damaged journal ends with 78", async () => {
  const recorded = await shop();
  const [path, bytes] = segment(recorded, 0);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  recorded.disk.files.set(path, bytes);
  const { code, terminal } = await replayTest(recorded, [order({}), letter], []);

  assert.equal(code, 78);
  assert.match(
    terminal.errors[0] ?? "",
    /^daybook: Cannot use the journal: segment \d+\.ndjson at/,
  );
});
