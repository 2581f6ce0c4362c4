import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { readIndependently } from "../support/journal/independent_reader.ts";

const CLIENTS = 64;
const EACH = 25;

Deno.test("64 concurrent clients submit, and every acknowledged job is in the journal", async () => {
  const folder = await Deno.makeTempDir();
  const daybook = await DaybookProcess.start({ journal: folder });
  const acknowledged: string[] = [];
  const client = async (name: number) => {
    for (let order = 0; order < EACH; order++) {
      const input = { orderId: `${name}-${order}`, amount: 1 };
      const response = await daybook.post("/jobs", { type: "order.fulfil", input });
      assert.equal(response.status, 202);
      acknowledged.push((await response.json() as { jobId: string }).jobId);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, name) => client(name)));
  // Read at once, so that nothing is flushed that was not flushed for the answers.
  await daybook.kill();

  const { entries, batches } = await readIndependently(folder);
  const created = entries.filter(({ eventType }) => eventType === "job.JobCreated");
  assert.equal(new Set(acknowledged).size, CLIENTS * EACH);
  assert.deepEqual(
    new Set(acknowledged).difference(new Set(created.map((entry) => entry["jobId"]))).size,
    0,
  );
  // Clients that wait at the same time share a sync: that is what group commit is for.
  const sharing = batches.filter(([first, last]) =>
    created.filter(({ logId }) => logId >= first && logId <= last).length > 1
  );
  assert.ok(sharing.length > 0, "no two jobs shared a batch");
  await Deno.remove(folder, { recursive: true });
});
