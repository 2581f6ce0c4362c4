/**
 * Daybook that stops at one step of filling its index, prints this, and waits to be killed.
 * `DAYBOOK_TEST_STEP` names the step, `DAYBOOK_TEST_TIMES` how often it must occur. It counts from
 * the signal SIGUSR1 on, or from the start with `DAYBOOK_TEST_ARMED`. `DAYBOOK_TEST_DEFECT=awake
 * for ever` is a build that must be caught: the next start assumes that jobs in memory at the kill
 * are still in memory.
 */

import { Database } from "../../src/index/database.ts";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";

const step = Deno.env.get("DAYBOOK_TEST_STEP");
let isArmed = Deno.env.has("DAYBOOK_TEST_ARMED");
let left = Number(Deno.env.get("DAYBOOK_TEST_TIMES") ?? 1);
/** The current operation on the index. */
let doing = "nothing";
let isWithin = false;
const hasDefect = Deno.env.get("DAYBOOK_TEST_DEFECT") === "awake for ever";

function reached(what: string): void {
  if (!isArmed || what !== step || --left > 0) return;
  console.log(`stands still ${what}`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

function during<Result>(what: string, work: () => Result): Result {
  reached(`before ${what}`);
  const before = doing;
  doing = what;
  const result = work();
  doing = before;
  reached(`after ${what}`);
  return result;
}

const { within, run } = Database.prototype;
const { put, mark, wake, begin } = SqliteJobIndex.prototype;

Database.prototype.within = function (work) {
  isWithin = true;
  within.call(this, () => {
    work();
    reached(`before the commit of ${doing}`);
  });
  isWithin = false;
};
Database.prototype.run = function (sql, ...values) {
  if (hasDefect && sql.startsWith("UPDATE jobs SET awake = 0")) return 0;
  const changes = run.call(this, sql, ...values);
  if (isWithin) reached(`inside ${doing}`);
  return changes;
};
SqliteJobIndex.prototype.put = function (jobs, ids) {
  const isAgain = jobs.some(({ wasThere }) => wasThere);
  return during(isAgain ? "putting a woken job" : "putting", () => put.call(this, jobs, ids));
};
SqliteJobIndex.prototype.mark = function (head) {
  during("marking", () => mark.call(this, head));
};
SqliteJobIndex.prototype.wake = function (firstLogId) {
  during("waking", () => wake.call(this, firstLogId));
};
SqliteJobIndex.prototype.begin = function (point) {
  const what = point === undefined ? "making it again" : "going back";
  return during(what, () => begin.call(this, point));
};

Deno.addSignalListener("SIGUSR1", () => {
  isArmed = true;
  console.log("is armed");
});

await import("../../main.ts");
