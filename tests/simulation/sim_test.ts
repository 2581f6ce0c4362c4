import assert from "node:assert/strict";
import { runTask } from "../support/process/task_process.ts";
import { failureText, playSeed } from "./simulation.ts";

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
