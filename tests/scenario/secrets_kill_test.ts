/**
 * Kills at any moment during jobs with sealed inputs: acknowledged jobs end with their clear input,
 * due inputs are removed, and no byte of a card is ever on the disk. A ledger outside Daybook has
 * what was acknowledged.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { endedJob } from "./ended_job.ts";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { rounds } from "../support/effort.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { PATIENCE_MS, pause } from "../support/until.ts";

const DEFINITIONS = new URL("./payment_process_definitions.ts", import.meta.url).pathname;
const JOBS_A_ROUND = 12;
const MOMENT_MAX_MS = 30;

interface Acknowledged {
  readonly jobId: string;
  readonly type: "test.pay" | "test.forget";
  readonly card: string;
}

async function start(journal: string): Promise<DaybookProcess> {
  return await DaybookProcess.start({
    journal,
    definitions: DEFINITIONS,
    args: ["--snapshot-every=100", "--segment-bytes=16384"],
  });
}

function newCard(): string {
  return `4${crypto.getRandomValues(new Uint32Array(2)).join("")}`.padEnd(20, "7").slice(0, 20);
}

/** Notes a job when its answer has come; a kill before that breaks no promise. */
async function submit(daybook: DaybookProcess, at: number, ledger: Acknowledged[]): Promise<void> {
  const type = at % 2 === 0 ? "test.pay" : "test.forget";
  const card = newCard();
  const input = { orderId: String(at), card: { number: card, holder: `holder ${card}` } };
  try {
    const response = await daybook.post("/jobs", { type, input });
    const { jobId } = await response.json();
    if (response.status === 202) ledger.push({ jobId, type, card });
  } catch {
    // It was killed.
  }
}

/** Submits jobs until a kill, which comes after some answers, however busy the machine is. */
async function round(journal: string, ledger: Acknowledged[]): Promise<void> {
  const daybook = await start(journal);
  const wanted = ledger.length + Math.floor(Math.random() * (JOBS_A_ROUND + 1));
  let isOver = false;
  const submitted = Promise.all(
    Array.from({ length: JOBS_A_ROUND }, (_, at) => submit(daybook, at, ledger)),
  ).then(() => isOver = true);
  while (ledger.length < wanted && !isOver) await pause(1);
  await pause(Math.random() * MOMENT_MAX_MS);
  await daybook.kill();
  await submitted;
}

/** Every file of a folder as text, except the keys. */
async function filesIn(folder: string): Promise<string> {
  const parts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name === "keys") continue;
    const path = `${folder}/${name}`;
    parts.push(isDirectory ? await filesIn(path) : await Deno.readTextFile(path));
  }
  return parts.join("\n");
}

/** Whether the key of a job exists. */
async function hasKey(journal: string, jobId: string): Promise<boolean> {
  const name = createHash("sha256").update(jobId).digest("hex");
  return await Deno.stat(`${journal}/keys/${name}.key`).then(() => true, () => false);
}

/** What is wrong with an acknowledged job, or `undefined`. */
async function flawOf(
  daybook: DaybookProcess,
  journal: string,
  { jobId, type, card }: Acknowledged,
): Promise<string | undefined> {
  const { status, job } = await endedJob(daybook.url, jobId);
  const { state, condition } = job;
  const output = job.output as { readonly digest?: string } | number;
  if (status !== 200 || state !== "Done") return `${status} ${state} ${condition}`;
  const digest = createHash("sha256").update(card).digest("hex");
  if (type === "test.pay") {
    return typeof output === "object" && output.digest === digest ? undefined : "another card";
  }
  return output === card.length ? await forgottenFlaw(journal, jobId) : "another card";
}

async function forgottenFlaw(journal: string, jobId: string): Promise<string | undefined> {
  const deadline = performance.now() + PATIENCE_MS;
  while (await hasKey(journal, jobId)) {
    if (performance.now() > deadline) return "its key is left";
    await pause(20);
  }
  return undefined;
}

interface Verdict {
  readonly acknowledged: number;
  readonly flaws: readonly string[];
  readonly isSeen: boolean;
}

/** @param spoil What happens to the journal between kills; by default nothing. */
async function killAgainAndAgain(
  journal: string,
  count: number,
  spoil: () => Promise<void> = () => Promise.resolve(),
): Promise<Verdict> {
  const ledger: Acknowledged[] = [];
  let text = "";
  for (let at = 0; at < count; at++) {
    await round(journal, ledger);
    text += await filesIn(journal);
    await spoil();
  }
  const daybook = await start(journal);
  const flaws = await Promise.all(ledger.map((job) => flawOf(daybook, journal, job)));
  await daybook.stop();
  text += await filesIn(journal);
  return {
    acknowledged: ledger.length,
    flaws: flaws.filter((flaw) => flaw !== undefined),
    isSeen: ledger.some(({ card }) => text.includes(card)),
  };
}

Deno.test("secrets: after kills at any moment acknowledged jobs end with their clear input, and no secret leaks", () =>
  inFolder(async (journal) => {
    const { acknowledged, ...found } = await killAgainAndAgain(journal, rounds(5, 100));
    assert.ok(acknowledged > 0, "nothing was acknowledged before the kills");
    assert.deepEqual(found, { flaws: [], isSeen: false });
  }));

Deno.test("secrets: keys lost in a crash are caught by the same loop", () =>
  inFolder(async (journal) => {
    // It takes a kill in the middle of a job, so several may be needed.
    let flaws = "";
    for (let attempt = 0; flaws === "" && attempt < 60; attempt++) {
      const folder = `${journal}/${attempt}`;
      const spoil = () => Deno.remove(`${folder}/keys`, { recursive: true }).catch(() => {});
      flaws = (await killAgainAndAgain(folder, 1, spoil)).flaws.join();
    }
    assert.match(flaws, /200 Failed/);
  }));
