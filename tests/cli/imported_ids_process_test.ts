/**
 * Event ids, idempotency keys and job ids of a journal with imported jobs: each is recognized over
 * the whole history, whatever the state of the caches. The commands are those of `deno task
 * journal`.
 */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, type EmbeddedDaybook, openDaybook, RefusedError } from "../../src/mod.ts";
import { DERIVED } from "../../src/core/ids.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { runTask } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS } from "../support/until.ts";

const parcel = defineJob({
  type: "test.parcel",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    shipped: { eventType: "shop.Shipped", correlation: { equals: { orderId } } },
  }),
  async run(ctx, { orderId }) {
    await ctx.task("reserve", (task) => {
      task.emit("shop.Reserved", { orderId });
      return orderId;
    });
    await ctx.expect("shipped");
  },
});

const open = (journal: string) =>
  openDaybook({
    journal,
    definitions: [parcel],
    settings: { "snapshot-every": "100", "segment-bytes": "16KiB" },
    warn: () => {},
  });

/**
 * A job that ends by an event with its sender's id, and one that ends by an event without an id.
 */
async function work(journal: string, shop: string): Promise<readonly string[]> {
  await using daybook = await open(journal);
  const jobIds = [];
  for (const number of [1, 2]) {
    const orderId = `${shop}-${number}`;
    const job = await daybook.submit(parcel, { orderId }, { idempotencyKey: `key-${orderId}` });
    const event = { eventType: "shop.Shipped", attributes: { orderId } };
    // It reaches the job by correlation, so the entry that counts has a derived id.
    await daybook.deliver(number === 2 ? event : { ...event, eventId: `sent-${orderId}` });
    await daybook.wait(job, { timeoutMs: PATIENCE_MS });
    jobIds.push(job.jobId);
  }
  return jobIds;
}

async function exportTo(file: string, journal: string, jobId: string): Promise<void> {
  const result = await runTask("journal", ["export", jobId, `--journal=${journal}`], { journal });
  assert.equal(result.code, 0, result.errors);
  await Deno.writeTextFile(file, result.output);
}

async function importFrom(file: string, journal: string, code = 0): Promise<void> {
  const input = await Deno.readTextFile(file);
  const args = ["import", "-", `--journal=${journal}`];
  const result = await runTask("journal", args, { journal, input });
  assert.equal(result.code, code, result.errors);
  if (code === 0) assert.equal(result.errors, "");
}

interface Line {
  readonly logId: number;
  readonly eventId: string;
  readonly eventType: string;
  readonly stratum: string;
  readonly jobId?: string;
  readonly attributes: JsonObject;
}

async function linesOf({ fetch }: EmbeddedDaybook): Promise<readonly Line[]> {
  const lines: Line[] = [];
  for (let after = 0;;) {
    const response = await fetch(new Request(`http://127.0.0.1/events?after=${after}&limit=500`));
    const { entries } = await response.json();
    if (entries.length === 0) return lines;
    lines.push(...entries);
    after = entries.at(-1).logId;
  }
}

/** Nothing on record is recorded a second time, by its event id, its key, or its job id. */
async function requireKnown(journal: string, what: string): Promise<void> {
  await using daybook = await open(journal);
  const lines = await linesOf(daybook);
  assert.equal(new Set(lines.map(({ eventId }) => eventId)).size, lines.length, what);
  for (const { eventId, logId, eventType, stratum, attributes, jobId } of lines) {
    if (eventType === "journal.EventRefused") continue;
    const where = `${what}: ${eventId} of ${eventType}`;
    // Nobody may send an event with an id that Daybook derives.
    const refusal = eventId.startsWith(DERIVED.event)
      ? `must not begin with ${DERIVED.event}`
      : `on record at ${logId} `;
    await assert.rejects(
      daybook.deliver({ eventType: "test.Unlike", eventId }),
      (error) => error instanceof RefusedError && error.message.includes(refusal),
      where,
    );
    if (stratum !== "domain") continue;
    const to = jobId === undefined ? {} : { jobId };
    const again = await daybook.deliver({ eventType, eventId, attributes, ...to });
    assert.deepEqual([again.disposition, again.logId], ["duplicate", logId], where);
  }
  for (const { eventType, jobId, attributes } of lines) {
    if (eventType !== "job.JobCreated" || jobId === undefined) continue;
    const { orderId } = attributes.input as { readonly orderId: string };
    const again = await daybook.submit(parcel, { orderId }, { idempotencyKey: `key-${orderId}` });
    assert.equal(again.jobId, jobId, `${what}: the key of ${orderId}`);
    await assert.rejects(
      daybook.submit(parcel, { orderId }, { jobId }),
      (error) => error instanceof RefusedError,
      `${what}: ${jobId}`,
    );
  }
  const fresh = await daybook.deliver({ eventType: "test.Other" });
  assert.equal(fresh.disposition, "recorded", what);
}

Deno.test("imported ids: every id counts once, imported or not, with the index present, behind or gone", () =>
  inFolder(async (folder) => {
    const [other, journal] = [`${folder}/other`, `${folder}/journal`];
    const files = [];
    for (const jobId of await work(other, "other")) {
      const file = `${folder}/${jobId}.ndjson`;
      await exportTo(file, other, jobId);
      files.push(file);
    }
    await work(journal, "own");
    await Deno.rename(`${journal}/index`, `${folder}/behind`);
    await work(journal, "own-again");
    for (const file of files) await importFrom(file, journal);
    await requireKnown(journal, "after the import");
    await requireKnown(journal, "after a restart");
    await Deno.remove(`${journal}/index`, { recursive: true });
    await requireKnown(journal, "with the index deleted");
    await Deno.remove(`${journal}/index`, { recursive: true });
    await Deno.rename(`${folder}/behind`, `${journal}/index`);
    await requireKnown(journal, "with an index that is behind");
    await Deno.remove(`${journal}/snapshots`, { recursive: true });
    await requireKnown(journal, "with the snapshots deleted");
    await importFrom(files[0] ?? "", journal, 1);
    await requireKnown(journal, "after an import that was refused");
  }));
