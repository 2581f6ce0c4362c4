/**
 * A running server is copied with common tools, and with `journal backup`, while jobs arrive,
 * segments fill and snapshots are pruned. Each copy has everything accepted before the tool began,
 * or the message says what to do; and a server starts on it elsewhere.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { rounds } from "../support/effort.ts";
import { readIndependently } from "../support/journal/independent_reader.ts";
import { runJournal } from "../support/process/journal_command.ts";
import { runTask } from "../support/process/task_process.ts";
import { inFolder } from "../support/temporary_folder.ts";

const ROUNDS = rounds(1, 20);

/** Submits jobs until `end`, and remembers the accepted ones. */
class Load {
  readonly accepted = new Set<string>();
  readonly #clients: readonly Promise<void>[];
  #isOver = false;
  #grown = Promise.withResolvers<void>();

  constructor(private readonly daybook: DaybookProcess) {
    this.#clients = [1, 2, 3].map((client) => this.#submit(client));
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
  }

  /** Resolves when this many more were accepted. */
  async grown(count: number): Promise<void> {
    const wanted = this.accepted.size + count;
    while (this.accepted.size < wanted) await this.#grown.promise;
  }

  /** Resolves when two segments and two snapshots are new, however many jobs that takes. */
  async continued(journal: string): Promise<void> {
    for (const kind of ["segments", "snapshots"]) {
      const names = () => [...Deno.readDirSync(`${journal}/${kind}`)].map(({ name }) => name);
      const before = new Set(names());
      while (names().filter((name) => !before.has(name)).length < 2) await this.grown(1);
    }
  }

  async #submit(client: number): Promise<void> {
    for (let order = 0; !this.#isOver; order++) {
      const input = { orderId: `${client}-${order}`, amount: order % 3 === 0 ? 500_000 : 1999 };
      const response = await this.daybook.post("/jobs", { type: "order.fulfil", input });
      assert.equal(response.status, 202);
      const { jobId } = await response.json() as { jobId: string };
      this.accepted.add(jobId);
      this.#grown.resolve();
      this.#grown = Promise.withResolvers();
      // Copying is tested here, not throughput.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Copies a folder to a new one; it can wait until the journal has gone on. */
type Tool = (journal: string, copy: string, goOn: () => Promise<void>) => Promise<void>;

const TOOLS: Readonly<Record<string, Tool>> = {
  "cp -r": (journal, copy) => run("cp", "-r", journal, copy),
  "tar": async (journal, copy) => {
    await Deno.mkdir(copy);
    // Files that change meanwhile are not a failure, although tar reports them and exits with 1.
    await run("sh", "-c", `tar -C '${journal}' -cf - . 2>/dev/null | tar -C '${copy}' -xf -`);
  },
  "file by file, in any order": fileByFile,
  "slowly, segments first": async (journal, copy, goOn) => {
    await Deno.mkdir(copy);
    await run("cp", "-r", `${journal}/segments`, copy);
    await goOn();
    await run("cp", "-r", `${journal}/snapshots`, copy);
  },
  "slowly, with what is new meanwhile": async (journal, copy, goOn) => {
    await Deno.mkdir(copy);
    do {
      await run("cp", "-r", `${journal}/segments`, copy);
      await goOn();
    } while (await hasWholeSegments(journal, copy));
    await run("cp", "-rn", `${journal}/segments`, copy);
  },
  "cp -r of segments alone": async (journal, copy) => {
    await Deno.mkdir(copy);
    await run("cp", "-r", `${journal}/segments`, copy);
  },
};

async function run(command: string, ...args: string[]): Promise<void> {
  // Snapshots that are pruned meanwhile make a tool complain; what counts is the copy.
  await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output();
}

/** Whether the copy was made just when the last segment was full, so that it lacks nothing of it. */
async function hasWholeSegments(journal: string, copy: string): Promise<boolean> {
  const last = [...Deno.readDirSync(`${copy}/segments`)].map(({ name }) => name).sort().at(-1);
  const original = await Deno.readFile(`${journal}/segments/${last}`);
  const copied = await Deno.readFile(`${copy}/segments/${last}`);
  return Buffer.compare(original, copied) === 0;
}

async function fileByFile(journal: string, copy: string): Promise<void> {
  const paths: string[] = [];
  for (const folder of ["segments", "snapshots"]) {
    await Deno.mkdir(`${copy}/${folder}`, { recursive: true });
    for await (const { name } of Deno.readDir(`${journal}/${folder}`)) {
      paths.push(`${folder}/${name}`);
    }
  }
  for (const path of paths.toSorted(() => Math.random() - 0.5)) {
    await Deno.copyFile(`${journal}/${path}`, `${copy}/${path}`).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

async function verified(journal: string): Promise<{ code: number; detail: string }> {
  const { code, out } = await runJournal(["verify", "--no-server", "--journal", journal]);
  return { code, detail: JSON.parse(out.join("\n")).detail };
}

/** What was needed for the copy to be intact. */
async function mended(journal: string, copy: string): Promise<string> {
  const { code, detail } = await verified(copy);
  if (code === 0) return "at once";
  assert.equal(code, 78, detail);
  if (/delete its snapshots/.test(detail)) {
    await Deno.remove(`${copy}/snapshots`, { recursive: true });
    const then = await verified(copy);
    assert.equal(then.code, 0, then.detail);
    return "without its snapshots";
  }
  assert.match(detail, /copy again/);
  await run("cp", "-r", `${journal}/segments`, copy);
  return `copied once more, ${await mended(journal, copy)}`;
}

async function assertHolds(copy: string, accepted: readonly string[], what: string): Promise<void> {
  const aside = `${copy}-read`;
  assert.equal((await runJournal(["backup", aside, "--journal", copy])).code, 0, what);
  const { entries } = await readIndependently(aside);
  const jobs = new Set(entries.map((entry) => entry["jobId"]));
  const missing = accepted.filter((jobId) => !jobs.has(jobId));
  assert.deepEqual(missing, [], `${what}: of ${accepted.length} accepted jobs some are missing`);
}

/** The check would notice missing jobs: this copy is older than they are. */
async function assertFoundOut(copy: string, load: Load): Promise<void> {
  await load.grown(15);
  await assert.rejects(assertHolds(copy, [...load.accepted], "older"), /some are missing/);
}

/** Starts a server there; if caches were copied after the segments, does what the message says. */
async function startOn(copy: string): Promise<DaybookProcess> {
  try {
    return await DaybookProcess.start({ journal: copy });
  } catch (error) {
    const [, cache] = /a copy of one in use, move (\S+) away/.exec(String(error)) ?? [];
    if (cache === undefined) throw error;
    await Deno.remove(cache, { recursive: true });
    return await startOn(copy);
  }
}

/** A server starts there, and has the jobs. */
async function assertStarts(copy: string, accepted: readonly string[]): Promise<void> {
  const daybook = await startOn(copy);
  try {
    for (const jobId of accepted.slice(-20)) {
      const job = await daybook.get(`/jobs/${jobId}`) as { jobId?: string };
      assert.equal(job.jobId, jobId);
    }
  } finally {
    assert.equal(await daybook.stop(), 0);
  }
  assert.equal((await verified(copy)).code, 0);
}

/** Runs the commands of `journal/README.md`, except those of Deno. */
async function restoreAsDocumented(folder: string): Promise<void> {
  const readme = await Deno.readTextFile(new URL("../../journal/README.md", import.meta.url));
  const [, block = ""] = /\*\*To restore\*\*[^`]*```sh\n([^`]*)```/.exec(readme) ?? [];
  const lines = block.split("\n").filter((line) => /^(?:mkdir|cp|rm|\[) /.test(line));
  assert.equal(lines.length, 4, block);
  const args = ["-e", "-c", lines.join("\n")];
  const { code, stderr } = await new Deno.Command("sh", { args, cwd: folder }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

Deno.test("backup: a running journal is copied with any tool, and the copy works elsewhere", () =>
  inFolder(async (folder) => {
    const journal = `${folder}/journal`;
    const backup = `${folder}/backups/journal`;
    let backedUp: readonly string[] = [];
    const args = ["--segment-bytes=100000", "--snapshot-every=100"];
    const daybook = await DaybookProcess.start({ journal, args });
    const load = new Load(daybook);
    const outcomes: string[] = [];
    const last: [string, readonly string[]][] = [];
    try {
      for (let round = 0; round < ROUNDS; round++) {
        for (const [name, tool] of Object.entries(TOOLS)) {
          await load.grown(15);
          const accepted = [...load.accepted];
          const copy = `${folder}/${name.replaceAll(/\W/g, "")}-${round}`;
          await tool(journal, copy, () => load.continued(journal));
          outcomes.push(`${name}: ${await mended(journal, copy)}`);
          await assertHolds(copy, accepted, name);
          if (outcomes.length === 1) await assertFoundOut(copy, load);
          if (round === ROUNDS - 1) last.push([copy, accepted]);
        }
        await load.grown(15);
        const accepted = [...load.accepted];
        const { code, out } = await runJournal([
          ...["backup", backup, "--journal", journal],
        ]);
        assert.equal(code, 0, out.join());
        const { written } = JSON.parse(out.join("\n"));
        outcomes.push(`journal backup: ${written} segments written`);
        await assertHolds(backup, accepted, "journal backup");
        await Deno.remove(`${backup}-read`, { recursive: true });
        backedUp = accepted;
      }
      const { code, output } = await runTask("journal", ["backup", "by-task"], { cwd: folder });
      assert.equal(code, 0, output);
    } finally {
      await load.end();
      assert.equal(await daybook.stop(), 0);
    }
    for (const needed of ["without its snapshots", "copied once more"]) {
      assert.ok(outcomes.some((outcome) => outcome.includes(needed)), needed);
    }
    console.log(`${load.accepted.size} jobs accepted; ${outcomes.join("; ")}`);
    for (const [copy, accepted] of last) await assertStarts(copy, accepted);
    assert.equal((await verified(journal)).code, 0);
    await restoreAsDocumented(folder);
    await assertStarts(journal, backedUp);
  }));
