// pg-boss, which has no steps: a chain of three jobs, each sent by the one before it.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { CONCURRENCY, drive, PAYLOAD } from "./driver.mjs";

// Imported by name, so that `deno check` does not look for a package that only Node has here.
const find = createRequire(import.meta.url).resolve;
const { PgBoss } = await import(pathToFileURL(find("pg-boss")).href);

const [, , port, mode] = process.argv;
const WORKER = {
  batchSize: CONCURRENCY,
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 0.5,
  perJobResults: true,
};

/** Sends the next job of each chain. */
const SENDING = {
  together: (boss, name, jobs) => boss.insert(name, jobs.map(({ data }) => ({ data }))),
  each: (boss, name, jobs) => Promise.all(jobs.map(({ data }) => boss.send(name, data))),
};

/**
 * Uses separate queues for each measurement; workers are woken, take all that is there in one
 * statement, and complete it in one. Each job has its own outcome.
 */
async function open({ onDone, isAlone, isWorking }) {
  const boss = new PgBoss({
    connectionString: `postgresql://bench@127.0.0.1:${port}/postgres`,
    useListenNotify: true,
  });
  boss.on("error", (error) => {
    throw error;
  });
  await boss.start();
  const run = process.hrtime.bigint();
  const [one, two, three] = ["one", "two", "three"].map((step) => `${step}-${run}`);
  for (const name of [one, two, three]) await boss.createQueue(name, { notify: true });
  const sendTo = (name) => async (jobs) => {
    await SENDING[mode](boss, name, jobs);
    return completed(jobs);
  };
  if (isWorking) {
    await boss.work(one, WORKER, sendTo(two));
    await boss.work(two, WORKER, sendTo(three));
    await boss.work(three, WORKER, async (jobs) => {
      // Completed here rather than after the handler, so that the time of completion is known.
      if (isAlone) await boss.complete(three, jobs.map(({ id }) => id));
      for (const _ of jobs) onDone();
      return completed(jobs);
    });
  }
  return {
    submit: () => boss.send(one, { payload: PAYLOAD }),
    close: () => boss.stop({ graceful: false }),
  };
}

function completed(jobs) {
  return jobs.map(({ id }) => ({ id, status: "completed" }));
}

await drive(open);
