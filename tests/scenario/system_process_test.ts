/**
 * What the real process reports and verifies about itself, with the permissions of `deno task
 * start`.
 */

import assert from "node:assert/strict";
import type { JournalInfo, VerificationRun } from "../../src/engine/ports.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

type Shown = JournalInfo & { readonly verificationRun: VerificationRun | null };

/** `GET /journal` once no verification is running. */
async function afterProof(daybook: DaybookProcess): Promise<Shown> {
  for (;;) {
    const journal = await daybook.get("/journal") as Shown;
    if (journal.verificationRun?.status !== "running") return journal;
  }
}

Deno.test("verify: during writes the process finds its own journal intact", async () => {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start({ journal: `${folder}/journal` });
    const deliver = async () => {
      const response = await daybook.post("/events", { eventType: "a.B", attributes: {} });
      await response.body?.cancel();
      return response.status;
    };
    for (let count = 0; count < 20; count++) await deliver();
    const begun = await daybook.post("/journal/verify", {});
    await begun.body?.cancel();
    const statuses = await Promise.all(Array.from({ length: 20 }, deliver));
    const { verificationRun, lastVerification } = await afterProof(daybook);
    assert.equal(await daybook.stop(), 0);

    assert.equal(begun.status, 202);
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal(verificationRun?.status, "ended", JSON.stringify(verificationRun));
    assert.match(lastVerification?.detail ?? "", /^intact: \d+ entries .* as served; head /);
    assert.doesNotMatch(daybook.output.join("\n"), /defect|uncaught|unhandled/);
  });
});

Deno.test("system: the process reports itself, its settings and their sources", async () => {
  await inFolder(async (folder) => {
    const daybook = await DaybookProcess.start({
      journal: `${folder}/journal`,
      env: { DAYBOOK_MAX_RUNNING: "77" },
    });
    const headers = { accept: "text/html" };
    const response = await fetch(`${daybook.url}/ui/system`, { headers });
    const text = await response.text();
    assert.equal(await daybook.stop(), 0);

    assert.equal(response.status, 200);
    assert.match(
      text,
      /--max-running<\/td><td class="setting-value"><bdi>77 jobs<\/bdi><\/td><td>environment<\/td>/,
    );
    assert.match(text, /--port<\/td><td class="setting-value"><bdi>0<\/bdi><\/td><td>flag<\/td>/);
    assert.match(text, /Process id<\/dt><dd>\d+<\/dd>/);
    assert.match(text, /workers with a job<\/td><td class="number">0<\/td>/);
    assert.match(text, /journal backup backups\/journal --journal /);
  });
});
