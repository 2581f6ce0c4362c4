/** The real process: limits and pauses across a kill, and their exact explanations. */

import assert from "node:assert/strict";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const SOURCE = new URL("../../src", import.meta.url).pathname;
const CODE = `import * as v from "valibot";
import { defineJob, NonRetryableError } from "${SOURCE}/mod.ts";

const held = (task) => new Promise((_, reject) =>
  task.signal.addEventListener("abort", () => reject(task.signal.reason)));

export const letter = defineJob({
  type: "shop.letter", version: 1, input: v.object({ tenant: v.string() }),
  limits: { key: ({ tenant }) => tenant, perKey: 1 },
  run: (ctx) => ctx.task("send", held, { timeoutMs: 3_600_000 }),
});

export const text = defineJob({
  type: "shop.text", version: 1, input: v.object({}),
  limits: { rate: { count: 1, perMs: 3_600_000 } },
  run: (ctx) => ctx.task("send", () => "sent"),
});

export const payment = defineJob({
  type: "shop.payment", version: 1, input: v.object({ isBad: v.boolean() }),
  pauseAfter: { failures: 2, withinMs: 3_600_000, forMs: 3_600_000 },
  run: (ctx, { isBad }) => ctx.task("charge", () => {
    if (isBad) throw new NonRetryableError("the bank is down");
    return "paid";
  }),
});

export const order = defineJob({
  type: "shop.order", version: 1, input: v.object({}),
  run: (ctx) => ctx.task("pack", () => "packed"),
});
`;

interface Told {
  readonly statement: string;
  readonly cites: readonly {
    readonly logId: number;
    readonly eventType: string;
    readonly segment: string;
    readonly line: number;
  }[];
}

interface Explained {
  readonly summary: string;
  readonly because: readonly Told[];
  readonly next: readonly (Told & { readonly action?: { readonly path: string } })[];
}

interface Shown {
  readonly state: string;
  readonly condition: string;
}

interface Entry {
  readonly logId: number;
  readonly eventType: string;
  readonly receivedAt: string;
  readonly taskId?: string;
}

/** A statement, with the types of the entries that it cites. */
function lines(told: readonly Told[]): readonly string[] {
  return told.map(({ statement, cites }) =>
    [statement, ...cites.map(({ eventType }) => `[${eventType}]`)].join(" ")
  );
}

/** A process and its answers. */
class Asked {
  constructor(readonly daybook: DaybookProcess, readonly folder: string) {}

  async submit(type: string, jobId: string, input: object): Promise<void> {
    const answer = await this.daybook.post("/jobs", { type, jobId, input });
    assert.equal(answer.status, 202, await answer.text());
  }

  async reaches(jobId: string, condition: string): Promise<void> {
    await until(
      `${jobId} is ${condition}`,
      async () => (await this.daybook.get(`/jobs/${jobId}`) as Shown).condition === condition,
    );
  }

  /** Every cited line is where the citation says. */
  async explained(jobId: string): Promise<Explained> {
    const explained = await this.daybook.get(`/jobs/${jobId}/explain`) as Explained;
    for (const { cites } of [...explained.because, ...explained.next]) {
      for (const { logId, segment, line, eventType } of cites) {
        const path = `${this.folder}/journal/segments/${segment}`;
        const cited = (await Deno.readTextFile(path)).split("\n")[line - 1] ?? "";
        const entry = JSON.parse(cited);
        assert.deepEqual([entry.logId, entry.eventType], [logId, eventType]);
      }
    }
    return explained;
  }

  /** When the latest entry of this type of a job was recorded. */
  async timeOf(jobId: string, eventType: string, taskId?: string): Promise<string> {
    const { entries } = await this.daybook.get(`/jobs/${jobId}/events`) as { entries: Entry[] };
    const found = entries.findLast((one) =>
      one.eventType === eventType && (taskId === undefined || one.taskId === taskId)
    );
    return found?.receivedAt ?? assert.fail(`no ${eventType} of ${jobId}`);
  }

  async pauses(): Promise<
    readonly { pauseId: string; type: string; since: string; until: string; jobs: number }[]
  > {
    return (await this.daybook.get("/pauses") as { pauses: [] }).pauses;
  }
}

/** Equal before and after the kill, except for attempts. */
async function assertExplained(asked: Asked): Promise<void> {
  const started = async (jobId: string) => await asked.timeOf(jobId, "job.JobStarted");
  const letter = await asked.explained("letter-2");
  assert.equal(
    letter.summary,
    "Job letter-2 is queued: job letter-1 holds the only place of key acme (perKey of type " +
      `shop.letter), in task send since ${await asked.timeOf(
        "letter-1",
        "job.TaskStarted",
        "send",
      )}, with a time limit of 1 h.`,
  );
  assert.deepEqual(lines(letter.because.slice(0, 1)), [
    `It has been queued since ${await started("letter-2")}: 1 of 1 place of key acme taken ` +
    "(perKey of type shop.letter). " +
    "[job.JobStarted] [job.TaskStarted]",
  ]);
  assert.equal(letter.next[1]?.action?.path, "/jobs/letter-1/cancel");

  const used = "the only start of type shop.text within 1 h is used up (rate)";
  const text = await asked.explained("text-2");
  assert.equal(text.summary, `Job text-2 is queued: ${used}, by job text-1.`);
  assert.deepEqual(lines(text.because.slice(0, 1)), [
    `It has been queued since ${await started("text-2")}: ${used}. ` +
    "[job.JobStarted] [job.TaskStarted]",
  ]);

  const pauses = await asked.pauses();
  const [shut, down] = ["shop.order", "shop.payment"]
    .map((type) => pauses.find((pause) => pause.type === type));
  assert.ok(shut !== undefined && down !== undefined);
  assert.deepEqual([pauses.length, shut.jobs, down.jobs], [2, 1, 1]);
  const order = await asked.explained("order-1");
  const isShut = `type shop.order has been paused since ${shut.since} (reason: the depot is shut)`;
  assert.equal(order.summary, `Job order-1 is queued: ${isShut}.`);
  assert.deepEqual(lines(order.because.slice(0, 1)), [
    `It has been queued since ${await started("order-1")}: ${isShut}. ` +
    "[job.PauseBegan] [job.JobStarted]",
  ]);
  assert.equal(order.next[1]?.action?.path, `/pauses/${shut.pauseId}`);

  const payment = await asked.explained("payment-3");
  const isDown = `type shop.payment has been paused since ${down.since}, until ${down.until} ` +
    "(reason: 2 attempts failed within 1 h)";
  const failedAt = await asked.timeOf("payment-2", "job.TaskFailed", "charge");
  const cause = "The pause began by itself when 2 attempts of type shop.payment had failed, the " +
    `last of task charge of job payment-2 at ${failedAt}: NonRetryableError: the bank is down.`;
  assert.equal(payment.summary, `Job payment-3 is queued: ${isDown}. ${cause}`);
  assert.deepEqual(lines(payment.because.slice(0, 2)), [
    `It has been queued since ${await started("payment-3")}: ${isDown}. ` +
    "[job.PauseBegan] [job.JobStarted]",
    `${cause} [job.TaskFailed] [job.TaskFailed] [job.PauseBegan]`,
  ]);
}

/** What counts: places, starts and pauses. */
async function figuresOf({ daybook }: Asked) {
  const { limits } = await daybook.get("/limits") as {
    limits: { type: string; limits: object; held: number; waiting: number; rates: object[] }[];
  };
  const metrics = await (await fetch(`${daybook.url}/metrics`)).text();
  return {
    limits: limits.map(({ type, limits, held, waiting, rates }) => {
      const counted = rates.map((rate) => ({ ...rate, nextAt: undefined }));
      return { type, limits, held, waiting, rates: counted };
    }),
    metrics: metrics.split("\n").filter((line) => /^daybook_(pause|limited)/.test(line)),
  };
}

Deno.test("limits and pauses: after a kill and a start explanations are the same word for word, and all jobs continue", async () => {
  await inFolder(async (folder) => {
    const module = `${folder}/jobs.ts`;
    await Deno.writeTextFile(module, CODE);
    const options = {
      journal: `${folder}/journal`,
      definitions: module,
    };
    const first = new Asked(await DaybookProcess.start(options), folder);
    const asked = { type: "shop.order", reason: "the depot is shut" };
    const begun = await first.daybook.post("/pauses", asked);
    assert.equal(begun.status, 201, await begun.text());
    const other = await fetch(`${first.daybook.url}/limits/shop.order`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ maxRunning: 1, reason: "one lorry" }),
    });
    assert.equal(other.status, 200, await other.text());
    await first.submit("shop.letter", "letter-1", { tenant: "acme" });
    await first.reaches("letter-1", "executing");
    await first.submit("shop.letter", "letter-2", { tenant: "acme" });
    await first.submit("shop.text", "text-1", {});
    await first.reaches("text-1", "succeeded");
    await first.submit("shop.text", "text-2", {});
    for (const jobId of ["payment-1", "payment-2"]) {
      await first.submit("shop.payment", jobId, { isBad: true });
      await first.reaches(jobId, "failed");
    }
    await until("failures pause the type", async () => (await first.pauses()).length === 2);
    await first.submit("shop.payment", "payment-3", { isBad: false });
    await first.submit("shop.order", "order-1", {});
    // Waits that are shorter than a second are not worth telling at the end.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await assertExplained(first);
    const before = await figuresOf(first);
    assert.deepEqual(before.metrics.filter((line) => / [1-9]/.test(line)), [
      "daybook_pauses 2",
      "daybook_paused_jobs 2",
      'daybook_limited_jobs_at_work{type="shop.letter"} 1',
      'daybook_limited_jobs_waiting{type="shop.letter"} 1',
      'daybook_limited_jobs_waiting{type="shop.order"} 1',
      'daybook_limited_jobs_waiting{type="shop.text"} 1',
      'daybook_limited_jobs_max{type="shop.order"} 1',
    ]);
    await first.daybook.kill();

    const second = new Asked(await DaybookProcess.start(options), folder);
    await until(
      "letter-1 is at work again",
      async () => (await second.explained("letter-2")).summary.includes("in task send since"),
    );
    await assertExplained(second);
    assert.deepEqual(await figuresOf(second), before);

    for (const { pauseId } of await second.pauses()) {
      const ended = await fetch(`${second.daybook.url}/pauses/${pauseId}`, { method: "DELETE" });
      assert.equal(ended.status, 200, await ended.text());
    }
    await second.reaches("order-1", "succeeded");
    await second.reaches("payment-3", "succeeded");
    const cancelled = await second.daybook.post("/jobs/letter-1/cancel", { reason: "wrong" });
    assert.equal(cancelled.status, 200, await cancelled.text());
    await second.reaches("letter-2", "executing");
    const waited = await second.explained("order-1");
    // On a slow machine other things may have held it, too.
    assert.match(
      lines(waited.because).find((line) => line.startsWith("It was held")) ?? "",
      /^It was held .* by the pause of type shop\.order, in force from .* \(reason: the depot is shut\)\. \[job\.PauseBegan\] \[job\.PauseEnded\]/,
    );
    assert.equal(await second.daybook.stop(), 0);
    const verified = await journalCommand(new DenoFileSystem(), [
      "verify",
      "--journal",
      options.journal,
    ]);
    assert.equal(verified.code, 0, verified.out.join("\n"));
  });
});
