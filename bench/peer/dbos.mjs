// DBOS with PostgreSQL: three steps in one workflow, called directly, which is fastest.

import { createRequire } from "node:module";
import { drive, PAYLOAD } from "./driver.mjs";

// Imported by name, so that `deno check` does not look for a package that only Node has here.
const { DBOS, DBOSClient } = createRequire(import.meta.url)("@dbos-inc/dbos-sdk");

const systemDatabaseUrl = `postgresql://bench@127.0.0.1:${process.argv[2]}/postgres`;
const three = DBOS.registerWorkflow(async () => {
  await DBOS.runStep(() => Promise.resolve(1), { name: "one" });
  await DBOS.runStep(() => Promise.resolve(2), { name: "two" });
  await DBOS.runStep(() => Promise.resolve(3), { name: "three" });
  return "done";
}, { name: "three" });
DBOS.setConfig({ name: "bench", systemDatabaseUrl, logLevel: "error" });
await DBOS.launch();

async function open({ onDone, isWorking }) {
  if (!isWorking) return await openClient();
  return {
    // A handle would poll the database for the result.
    submit: () => three(PAYLOAD).then(onDone),
    close: () => Promise.resolve(),
  };
}

/** Into a queue without a worker. */
async function openClient() {
  const client = await DBOSClient.create({ systemDatabaseUrl });
  const queued = { workflowName: "three", queueName: "held" };
  return {
    submit: () => client.enqueue(queued, PAYLOAD),
    close: () => client.destroy(),
  };
}

await drive(open);
