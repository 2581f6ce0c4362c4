import assert from "node:assert/strict";
import { createApp } from "../../src/http/app.ts";
import { DenoFileSystem } from "../../src/journal/files/deno_file_system.ts";
import { FakeRandom } from "../support/fake_clock.ts";
import { journalCommand } from "../support/process/journal_command.ts";
import {
  dropSnapshots,
  lastSegment,
  type MemoryDisk,
} from "../support/journal/journal_memory_disk.ts";
import { engineOn, journalOfJobs } from "../support/journal/journal_of_jobs.ts";

interface Page {
  jobs: Record<string, unknown>[];
}

/** Serves a journal, with the list of jobs changed on its way out. */
async function serving(
  disk: MemoryDisk,
  change: (page: Page) => Page,
  run: (url: string) => Promise<void>,
): Promise<void> {
  const { engine, clock, stop } = await engineOn(disk.copy());
  const app = createApp({ engine, clock });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const response = await app.fetch(request);
      if (new URL(request.url).pathname !== "/jobs") return response;
      return Response.json(change(await response.json()));
    },
  );
  try {
    await run(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
    await stop();
  }
}

/** Verifies files against a server that changes what it lists. */
async function compared(
  served: MemoryDisk,
  change: (page: Page) => Page,
  files = served,
): Promise<{ readonly code: number; readonly verdict: string; readonly err: string }> {
  let said = { code: -1, verdict: "", err: "" };
  await serving(served, change, async (url) => {
    const { code, out, err } = await journalCommand(files, ["verify", "--url", url]);
    said = { code, verdict: out.join("\n"), err: err.join("\n") };
  });
  return said;
}

const asIs = (page: Page) => page;

Deno.test("verify: jobs that are served as in the files are intact", async () => {
  const { code, verdict } = await compared(await journalOfJobs(), asIs);
  assert.match(verdict, /^intact: .* 9 jobs as served; head/);
  assert.equal(code, 0);
});

Deno.test("verify: a server that serves another state of a job is found", async () => {
  const { code, verdict } = await compared(await journalOfJobs(), ({ jobs, ...rest }) => ({
    ...rest,
    jobs: jobs.map((job) => job["state"] === "Failed" ? { ...job, state: "Done" } : job),
  }));
  assert.match(
    verdict,
    /^intact, but http\S+ serves something else: job \S+ is served differently from the journal at logId \d+, and 2 more; \d+ entries/,
  );
  assert.equal(code, 1);
});

Deno.test("verify: a server that omits a job is found", async () => {
  const { code, verdict } = await compared(
    await journalOfJobs(),
    ({ jobs, ...rest }) => ({ ...rest, jobs: jobs.slice(1) }),
  );
  assert.match(verdict, /serves something else: job \S+ is not served; /);
  assert.equal(code, 1);
});

Deno.test("verify: a server with a job as of another job's entry is found", async () => {
  const { code, verdict } = await compared(await journalOfJobs(), ({ jobs, ...rest }) => ({
    ...rest,
    jobs: jobs.map((job, index) => index === 0 ? { ...job, lastLogId: 2 } : job),
  }));
  assert.match(verdict, /job \S+ is served as of logId 2, an entry of another; /);
  assert.equal(code, 1);
});

Deno.test("verify: served jobs that are in no file are damage", async () => {
  const { code, verdict } = await compared(await journalOfJobs(), ({ jobs, ...rest }) => ({
    ...rest,
    jobs: [{ ...jobs[0], jobId: "job_lost" }, ...jobs],
  }));
  assert.match(
    verdict,
    /^damaged: the server at http\S+ has more than the files: it serves job job_lost, which is not in the files; entries that were acknowledged are gone, unless this is a copy: then verify with --no-server$/,
  );
  assert.equal(code, 78);
});

Deno.test("verify: files that end before the served position are damage", async () => {
  const served = await journalOfJobs();
  const files = served.copy();
  dropSnapshots(files);
  files.files.delete(lastSegment(files));
  const { code, verdict } = await compared(served, asIs, files);
  assert.match(verdict, /has more than the files: it serves logId \d+, but the files end at \d+;/);
  assert.equal(code, 78);
});

/** One whose ids are all its own. */
function anotherJournal(): Promise<MemoryDisk> {
  const random = new FakeRandom();
  for (let count = 0; count < 500; count++) random.ulid();
  return journalOfJobs(random);
}

Deno.test("verify: a server of another journal is recognized, and is not damage", async () => {
  const files = await anotherJournal();
  const { code, verdict, err } = await compared(await journalOfJobs(), asIs, files);
  assert.match(verdict, /^intact, but http\S+ serves another journal; \d+ entries/);
  assert.equal(err, "", "it is not said twice");
  assert.equal(code, 1);

  // It was always as short as that: no earlier verdict says otherwise.
  files.files.delete("journal/verification.json");
  dropSnapshots(files);
  files.files.delete(lastSegment(files));
  const shorter = await compared(await journalOfJobs(), asIs, files);
  assert.match(shorter.verdict, /^intact, but http\S+ serves another journal; \d+ entries/);
});

/** Files of a journal on the real disk, where a server has left its address in the lock. */
async function withLockOf(
  disk: MemoryDisk,
  url: string,
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (const folder of ["segments", "snapshots"]) {
      await Deno.mkdir(`${root}/journal/${folder}`, { recursive: true });
    }
    for (const [path, bytes] of disk.files) await Deno.writeFile(`${root}/${path}`, bytes);
    using lock = await Deno.open(`${root}/journal/LOCK`, { write: true, create: true });
    assert.ok(await lock.tryLock(true));
    await Deno.writeTextFile(`${root}/journal/LOCK`, `${url}\n`);
    await run(`${root}/journal`);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("verify: a server that was not named may be of another journal, or gone", async () => {
  const fileSystem = new DenoFileSystem();
  await serving(await journalOfJobs(), asIs, async (url) => {
    await withLockOf(await journalOfJobs(), url, async (journal) => {
      const { code, out } = await journalCommand(fileSystem, ["verify", "--journal", journal]);
      assert.match(out.join(), /^intact: .* 9 jobs as served; /);
      assert.equal(code, 0);
    });
    await withLockOf(await anotherJournal(), url, async (journal) => {
      const { code, out, err } = await journalCommand(fileSystem, ["verify", "--journal", journal]);
      assert.match(out.join(), /^intact: .* 9 jobs; head/);
      assert.deepEqual([code, err], [0, [`  ${url} serves another journal`]]);
    });
  });
  await withLockOf(await journalOfJobs(), "http://127.0.0.1:9", async (journal) => {
    const { code, out } = await journalCommand(fileSystem, ["verify", "--journal", journal]);
    assert.match(out.join(), /^intact: .* 9 jobs; head/);
    assert.equal(code, 0);
  });
});

Deno.test("verify: a named server must answer", async () => {
  const disk = await journalOfJobs();
  for (
    const [args, env] of [
      [["--url", "http://127.0.0.1:9"], {}],
      [[], { DAYBOOK_URL: "http://127.0.0.1:9" }],
    ] as const
  ) {
    const { code, err } = await journalCommand(disk, ["verify", ...args], { env });
    assert.match(err.join(), /cannot reach http:\/\/127\.0\.0\.1:9/);
    assert.equal(code, 69);
  }
});

Deno.test("verify: another program at the address is reported as such", async () => {
  const disk = await journalOfJobs();
  const answers: unknown[] = [null, [1], {}, { head: 5, jobs: 5 }, { jobs: [null] }];
  const whole = { head: { logId: 1, chain: "" } };
  answers.push(
    ...[5, [null], [{ jobId: 1 }]].map((jobs) => ({ ...whole, jobs, nextCursor: null })),
  );
  for (const answer of answers) {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => Response.json(answer),
    );
    const url = `http://127.0.0.1:${server.addr.port}`;
    const { code, err } = await journalCommand(disk, ["verify", "--url", url]);
    assert.equal(code, 69, JSON.stringify(answer));
    assert.match(err.join(), /it is another program, or another version of Daybook/);
    await server.shutdown();
  }
});

Deno.test("verify: if the server refuses the request, there is no verdict", async () => {
  const disk = await journalOfJobs();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json({ detail: "no token" }, { status: 401 }),
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const { code, err } = await journalCommand(disk, ["verify", "--url", url]);
  await server.shutdown();
  assert.equal(code, 69);
  assert.match(err.join(), /no token \(401\); give the token/);
});
