/**
 * Secrets and removed inputs in a real process: every byte that it writes, sends or prints is
 * searched. The same search over a process whose definitions protect nothing must find them
 * everywhere, or it would prove nothing.
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { runTask } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const DEFINITIONS = new URL("./payment_process_definitions.ts", import.meta.url).pathname;
const SOURCE = new URL("../../src", import.meta.url).pathname;

interface Home {
  readonly journal: string;
  readonly isProtected: boolean;
}

async function start(
  { journal, isProtected }: Home,
  env: Record<string, string> = {},
): Promise<DaybookProcess> {
  return await DaybookProcess.start({
    journal,
    definitions: DEFINITIONS,
    args: ["--snapshot-every=100"],
    env: { DAYBOOK_TEST_PROTECTED: isProtected ? "yes" : "no", ...env },
  });
}

/** A number unique to this run, so that a hit comes from this run. */
function newCard(): string {
  return `4${crypto.getRandomValues(new Uint32Array(2)).join("")}`.padEnd(20, "7").slice(0, 20);
}

interface Submitted {
  readonly jobId: string;
}

async function submit(
  daybook: DaybookProcess,
  type: string,
  card: string,
  leak?: string,
): Promise<string> {
  const input = { orderId: "42", card: { number: card, holder: "A. Customer" } };
  const body = { type, input: leak === undefined ? input : { ...input, leak } };
  const response = await daybook.post("/jobs", body, { "idempotency-key": crypto.randomUUID() });
  const text = await response.text();
  assert.equal(response.status, 202, text);
  return (JSON.parse(text) as Submitted).jobId;
}

async function ended(daybook: DaybookProcess, jobId: string): Promise<string> {
  const response = await fetch(`${daybook.url}/jobs/${jobId}`, { headers: { prefer: "wait=60" } });
  return await response.text();
}

/** Everything that a client can read. */
async function answers(daybook: DaybookProcess, jobIds: readonly string[]): Promise<string> {
  const paths = [
    "/jobs?limit=100",
    "/jobs?view=full&limit=50",
    "/events?limit=1000",
    "/definitions",
    "/journal",
    ...jobIds.flatMap((jobId) =>
      ["", "/events", "/explain", "/explain?format=text", "/replay", "/diff?from=1", "/stream"]
        .map((path) => `/jobs/${jobId}${path === "/stream" ? "/stream?until=terminal" : path}`)
    ),
  ];
  const texts = paths.map(async (path) => await (await fetch(daybook.url + path)).text());
  return (await Promise.all(texts)).join("\n");
}

/** Every byte of a folder, except for some names. */
async function bytesOf(folder: string, without: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (without.includes(name)) continue;
    const path = `${folder}/${name}`;
    parts.push(isDirectory ? await bytesOf(path, without) : await latin1(path));
  }
  return parts.join("\n");
}

async function latin1(path: string): Promise<string> {
  return new TextDecoder("latin1").decode(await Deno.readFile(path));
}

/** Where the search found the card. */
interface Findings {
  readonly journal: boolean;
  readonly answers: boolean;
  readonly log: boolean;
  readonly rest: {
    readonly hung: { readonly state: string; readonly output: { readonly digest: string } };
    readonly card: string;
  };
}

/** Tries every way for a secret to leak, with a kill in the middle, and searches. */
async function search(home: Home): Promise<Findings> {
  const card = newCard();
  const first = await start(home);
  const hung = await submit(first, "test.pay", card, "hang");
  const others = await Promise.all(
    ["message", "log", undefined].map((leak) => submit(first, "test.pay", card, leak)),
  );
  for (const jobId of others) await ended(first, jobId);
  const early = await answers(first, others);
  await first.kill();
  const killed = await bytesOf(home.journal, ["keys"]);
  const second = await start(home);
  const job = JSON.parse(await ended(second, hung));
  const late = await answers(second, [hung, ...others]);
  await second.stop();
  const stopped = await bytesOf(home.journal, ["keys"]);
  return {
    journal: (killed + stopped).includes(card),
    answers: (early + late).includes(card),
    log: [...first.output, ...second.output].join("\n").includes(card),
    rest: { hung: job, card },
  };
}

Deno.test("secrets: neither the journal nor answers nor the log have one, across kill -9; the task does", () =>
  inFolder(async (journal) => {
    const { rest: { hung, card }, ...found } = await search({ journal, isProtected: true });

    assert.deepEqual(found, { journal: false, answers: false, log: false });
    assert.equal(hung.state, "Done");
    assert.equal(hung.output.digest, createHash("sha256").update(card).digest("hex"));
  }));

Deno.test("secrets: the same search finds one everywhere if no definition protects it", () =>
  inFolder(async (journal) => {
    const { rest: _, ...found } = await search({ journal, isProtected: false });
    assert.deepEqual(found, { journal: true, answers: true, log: true });
  }));

async function keysIn(journal: string): Promise<number> {
  return (await Array.fromAsync(Deno.readDir(`${journal}/keys`))).length;
}

async function explained(daybook: DaybookProcess, jobId: string): Promise<unknown> {
  const { asOf: _, ...explanation } = await daybook.get(`/jobs/${jobId}/explain`) as {
    asOf: number;
  };
  return explanation;
}

Deno.test("retention: a removed input is nowhere, and chain, state and explanation are unchanged", () =>
  inFolder(async (journal) => {
    const home = { journal, isProtected: true };
    const card = newCard();
    const daybook = await start(home);
    const soon = await submit(daybook, "test.forgetSoon", card);
    const before = JSON.parse(await ended(daybook, soon));
    const explanation = await explained(daybook, soon);
    const atOnce = await submit(daybook, "test.forget", card);
    await ended(daybook, atOnce);
    await until("no key is left", async () => await keysIn(journal) === 0);
    const after = await daybook.get(`/jobs/${soon}`) as Record<string, unknown>;
    const explainedAfter = await explained(daybook, soon);
    await daybook.stop();
    const bytes = await bytesOf(journal, []);
    const verified = await runTask("journal", ["verify", "--journal", journal], { journal });
    const again = await start(home);
    const restarted = await again.get(`/jobs/${soon}`) as Record<string, unknown>;
    await again.stop();

    assert.ok(!bytes.includes(card) && !bytes.includes("A. Customer"));
    assert.deepEqual({ ...after, lastLogId: 0 }, { ...before, lastLogId: 0 });
    assert.deepEqual(restarted, after);
    assert.deepEqual(explainedAfter, explanation);
    assert.equal(verified.code, 0, verified.output + verified.errors);
    assert.equal(bytes.split('"job.InputRemoved"').length - 1 >= 2, true);
  }));

Deno.test("replay-test: it opens sealed inputs, and says so if it cannot", () =>
  inFolder(async (journal) => {
    const daybook = await start({ journal, isProtected: true });
    const jobId = await submit(daybook, "test.pay", newCard());
    await ended(daybook, jobId);
    await daybook.stop();
    const replayTest = () =>
      runTask("journal", ["replay-test", `--journal=${journal}`, `--definitions=${DEFINITIONS}`], {
        journal: `${journal},${DEFINITIONS},${SOURCE}`,
        env: { DAYBOOK_TEST_PROTECTED: "yes" },
      });
    const opened = await replayTest();
    await Deno.remove(`${journal}/keys`, { recursive: true });
    const closed = await replayTest();

    const unchecked = (output: string) =>
      JSON.parse(output.split("\n").find((line) => line.includes('"kind":"type"')) ?? "{}")
        .finishedNotChecked;
    assert.deepEqual([unchecked(opened.output), unchecked(closed.output)], [0, 1]);
    assert.match(closed.output, /the input is sealed, and its input was removed, or its key lost/);
  }));

Deno.test("keys: without any of them the journal is intact, and can be verified, served and exported", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const home = { journal, isProtected: true };
    const card = newCard();
    const first = await start(home);
    const jobId = await submit(first, "test.pay", card, "message");
    await ended(first, jobId);
    await first.stop();
    await Deno.remove(`${journal}/keys`, { recursive: true });
    const verified = await runTask("journal", ["verify", "--journal", journal], { journal });
    const exported = await runTask("journal", ["export", jobId, "--journal", journal], { journal });
    const other = `${folder}/other`;
    const imported = await runTask("journal", ["import", "-", "--journal", other], {
      journal: other,
      input: exported.output,
    });
    const second = await start({ ...home, journal: other });
    const retried = await second.post(`/jobs/${jobId}/retry`, {});
    const problem = await retried.text();
    await second.stop();

    assert.deepEqual([verified.code, exported.code, imported.code], [0, 0, 0], imported.errors);
    assert.ok(!exported.output.includes(card) && exported.output.includes('"ciphertext"'));
    assert.equal(retried.status, 409);
    assert.match(problem, /its input was removed, or its key lost/);
  }));

Deno.test("keys: under a secret key, the journal folder with all of keys/ opens nothing, and a start without it is refused", () =>
  inFolder(async (journal) => {
    const card = newCard();
    const secretKey = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
    const withKey = (DAYBOOK_SECRET_KEY: string) =>
      start({ journal, isProtected: true }, { DAYBOOK_SECRET_KEY });
    const first = await withKey(secretKey);
    const jobId = await submit(first, "test.pay", card, "message");
    await ended(first, jobId);
    await first.kill();
    const bytes = await bytesOf(journal, []);
    await assert.rejects(withKey(""), /it is wrapped: set DAYBOOK_SECRET_KEY/);
    await assert.rejects(withKey(btoa("k".repeat(32))), /wrapped with another secret key/);
    const second = await withKey(secretKey);
    const retried = await second.post(`/jobs/${jobId}/retry`, {});
    await retried.body?.cancel();
    await second.stop();

    assert.ok(bytes.includes("wrapped1.") && !bytes.includes(card));
    assert.equal(retried.status, 201);
    const output = [...first.output, ...second.output].join("\n");
    assert.ok(output.includes("key set") && !output.includes(secretKey));
  }));

Deno.test("keys: a symbolic link instead of a key prevents the start", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/journal`);
    await Deno.mkdir(`${folder}/elsewhere`);
    await Deno.symlink(`${folder}/elsewhere`, `${folder}/journal/keys`);
    await assert.rejects(
      start({ journal: `${folder}/journal`, isProtected: true }),
      /keys: it is a symbolic link, not a folder/,
    );
  }));
