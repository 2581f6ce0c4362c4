/**
 * The cost of durability alone: a bare Hono server without jobs. It parses the body, writes as many
 * bytes as Daybook does into one file, syncs them together with those of other requests, and
 * answers with as many bytes once they are on disk. So it shows how much of a target the machine
 * allows a server that acknowledges only what is durable.
 */

import { Hono } from "hono";
import { temporaryFolder } from "../folder.ts";
import { type ServerProcess, serverProcess } from "./process.ts";

export async function startFloor(): Promise<ServerProcess> {
  const folder = await temporaryFolder();
  return await serverProcess(
    ["run", "--allow-net=127.0.0.1", `--allow-write=${folder}`, import.meta.url, folder],
    () => Deno.remove(folder, { recursive: true }),
  );
}

/** Lengths of the lines that Daybook writes for the benchmark's jobs, without newlines. */
const CREATED_BYTES = 680;
const THREE_TASKS_BYTES = [[CREATED_BYTES, 273, 348, 363], [360, 363], [360, 365], [362, 319]];
/** Lengths of Daybook's answers. */
const ANSWER_BYTES = 894;
const MINIMAL_ANSWER_BYTES = 283;

/** Written ahead and then overwritten repeatedly, because a growing file makes each sync slower. */
const FILE_BYTES = 32 * 1_048_576;

/** Consecutive batches of one request after which there are assumed to be no others. */
const CALM_AFTER = 16;
const LOOK_EVERY = 24;

/** Appends, with one sync at a time: what arrives during a sync forms the next batch. */
class SyncedFile {
  readonly #file: Deno.FsFile;
  #batch: string[] = [];
  #durable = Promise.withResolvers<void>();
  #isSyncing = false;
  #at = 0;
  /** Consecutive batches of one request. */
  #alone = 0;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, create: true });
    this.#file.writeSync(new Uint8Array(FILE_BYTES).fill(0x0a));
    this.#file.syncSync();
  }

  /** Resolves when the line is on disk. */
  append(lines: string): Promise<void> {
    this.#batch.push(lines);
    if (!this.#isSyncing) void this.#sync();
    return this.#durable.promise;
  }

  async #sync(): Promise<void> {
    this.#isSyncing = true;
    // What arrives in the same turn belongs to this batch.
    await Promise.resolve();
    while (this.#batch.length > 0) {
      const { resolve } = this.#durable;
      this.#alone = this.#batch.length === 1 ? this.#alone + 1 : 0;
      this.#write(new TextEncoder().encode(this.#batch.join("")));
      this.#batch = [];
      this.#durable = Promise.withResolvers();
      await this.#syncData();
      resolve();
      await Promise.resolve();
    }
    this.#isSyncing = false;
  }

  /**
   * Syncs on the thread itself if there are no other requests, as Daybook does, and checks for
   * others regularly.
   */
  async #syncData(): Promise<void> {
    if (this.#alone < CALM_AFTER || this.#alone % LOOK_EVERY === 0) await this.#file.syncData();
    else this.#file.syncDataSync();
  }

  #write(bytes: Uint8Array): void {
    if (this.#at + bytes.length > FILE_BYTES) this.#at = 0;
    this.#file.seekSync(this.#at, Deno.SeekMode.Start);
    this.#at += this.#file.writeSync(bytes);
  }
}

function floorApp(file: SyncedFile): Hono {
  const app = new Hono();
  const created = linesOf([CREATED_BYTES]);
  const threeTasks = THREE_TASKS_BYTES.map(linesOf);
  const answer = answerOf(ANSWER_BYTES);
  const minimalAnswer = answerOf(MINIMAL_ANSWER_BYTES);
  app.post("/jobs", async (c) => {
    const { start } = await c.req.json();
    if (start === false) await file.append(created);
    else for (const lines of threeTasks) await file.append(lines);
    return c.json(c.req.header("prefer") === undefined ? answer : minimalAnswer, 202);
  });
  return app;
}

function linesOf(bytes: readonly number[]): string {
  return bytes.map((count) => `${"x".repeat(count)}\n`).join("");
}

function answerOf(bytes: number) {
  return { text: "x".repeat(bytes - '{"text":""}'.length) };
}

if (import.meta.main) {
  const [folder] = Deno.args;
  const app = floorApp(new SyncedFile(`${folder}/journal`));
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
  }, app.fetch);
}
