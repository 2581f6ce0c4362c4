// OpenWorkflow with PostgreSQL: three steps in one workflow, as in its guide.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { CONCURRENCY, drive, PAYLOAD } from "./driver.mjs";

// Imported by name, so that `deno check` does not look for a package that only Node has here.
const find = createRequire(import.meta.url).resolve;
const load = (name) => import(pathToFileURL(find(name)).href);
const { OpenWorkflow } = await load("openworkflow");
const { BackendPostgres } = await load("openworkflow/postgres");

/** Uses a separate namespace for each measurement. */
async function open({ onDone, isWorking }) {
  const url = `postgresql://bench@127.0.0.1:${process.argv[2]}/postgres`;
  const namespaceId = `bench-${process.hrtime.bigint()}`;
  const backend = await BackendPostgres.connect(url, { namespaceId });
  tellCompletions(backend, onDone);
  const client = new OpenWorkflow({ backend });
  const workflow = client.defineWorkflow({ name: "three" }, async ({ step }) => {
    await step.run({ name: "one" }, () => 1);
    await step.run({ name: "two" }, () => 2);
    await step.run({ name: "three" }, () => 3);
    return "done";
  });
  const worker = client.newWorker({ concurrency: CONCURRENCY });
  if (isWorking) await worker.start();
  return {
    submit: () => workflow.run({ payload: PAYLOAD }),
    async close() {
      if (isWorking) await worker.stop();
      await backend.stop();
    },
  };
}

/** Its own client polls for a result once a second, which would dominate the measurement. */
function tellCompletions(backend, onDone) {
  const complete = backend.completeWorkflowRun.bind(backend);
  backend.completeWorkflowRun = async (params) => {
    const run = await complete(params);
    onDone();
    return run;
  };
}

await drive(open);
