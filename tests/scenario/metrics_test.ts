/** `/metrics` of the real process, with the permissions that its task has. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { type Family, readMetrics, valueOf } from "../support/http/metrics_text.ts";
import { inFolder } from "../support/temporary_folder.ts";

const WAITING = {
  plan: {
    expected: [{ id: "a", eventType: "shop.Paid", correlation: { equals: { orderId: 1 } } }],
  },
};

async function scrape({ url }: DaybookProcess): Promise<ReadonlyMap<string, Family>> {
  const response = await fetch(`${url}/metrics`);
  return readMetrics(await response.text());
}

async function createJobs(daybook: DaybookProcess, count: number): Promise<void> {
  for (let job = 0; job < count; job++) {
    const response = await daybook.post("/jobs", WAITING);
    assert.equal(response.status, 202, await response.text());
  }
}

Deno.test("/metrics: after a kill counters start at zero, and gauges agree with the journal", () =>
  inFolder(async (journal) => {
    const killed = await DaybookProcess.start({ journal });
    await createJobs(killed, 3);
    const before = await scrape(killed);
    await killed.kill();
    const daybook = await DaybookProcess.start({ journal });
    const after = await scrape(daybook);
    await daybook.stop();
    const type = { type: "(none)" };
    const waiting = { condition: "waiting" };
    assert.equal(valueOf(before, "daybook_jobs_created_total", type), 3);
    assert.equal(valueOf(after, "daybook_jobs_created_total", type), 0);
    for (const scraped of [before, after]) {
      assert.equal(valueOf(scraped, "daybook_unfinished_jobs", waiting), 3);
      assert.equal(valueOf(scraped, "daybook_recorded_jobs"), 3);
    }
    const [clean, head] = ["daybook_recovery_clean", "daybook_journal_head_log_id"];
    assert.deepEqual([valueOf(before, clean), valueOf(after, clean)], [1, 0]);
    // The kill is followed by the entry about the recovery, and perhaps a seal.
    assert.ok((valueOf(after, head) ?? 0) > (valueOf(before, head) ?? Infinity));
    assert.ok((valueOf(before, "daybook_journal_sync_seconds_sum") ?? 0) > 0);
    assert.ok((valueOf(after, "process_resident_memory_bytes") ?? 0) > 1e7);
    assert.ok((valueOf(after, "process_cpu_seconds_total") ?? 0) > 0);
  }));

Deno.test("/metrics: free disk space is shown with the permission to read it, and left out otherwise", () =>
  inFolder(async (journal) => {
    const shown: (number | undefined)[] = [];
    for (const permissions of [["--deny-sys=statfs"], []]) {
      const daybook = await DaybookProcess.start({ journal, permissions });
      shown.push(valueOf(await scrape(daybook), "daybook_journal_disk_free_bytes"));
      await daybook.stop();
    }
    assert.equal(shown[0], undefined);
    assert.ok((shown[1] ?? 0) > 0);
  }));
