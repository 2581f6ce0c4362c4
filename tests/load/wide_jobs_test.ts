/** Controls of jobs with as many timed waits as a job may have. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";
import { processorMs } from "./memory_use.ts";

const FOLDER = new URL(".", import.meta.url).pathname;
const HOUR = 3_600_000;

const FEW = 1_000;
const MANY = 10_000;
/** Work in proportion is 10 times as much; when each wait copied the list of all, it was 50 to 100. */
const GROWTH_MAX = 20;
const TRIES = 3;

interface Wide {
  readonly type: string;
  readonly count: number;
  /** How long its waits take. */
  readonly ms: number;
}

class Server {
  constructor(readonly process: DaybookProcess, readonly pid: number) {}

  /** Creates a job, and resolves when it comes to a condition. */
  async created({ type, ...input }: Wide, condition: string): Promise<string> {
    const jobId = await this.#posted("/jobs", { type: `wide.${type}`, input });
    await this.#is(jobId, condition);
    return jobId;
  }

  /** Controls a job, and returns how much processor time that took until a job failed. */
  async controlledMs(jobId: string, control: "wake" | "retry"): Promise<number> {
    const before = await processorMs(this.pid);
    const failed = await this.#posted(`/jobs/${jobId}/${control}`, {});
    await this.#is(failed, "failed");
    return await processorMs(this.pid) - before;
  }

  async #posted(path: string, body: unknown): Promise<string> {
    const response = await this.process.post(path, body);
    const { jobId } = await response.json();
    return jobId;
  }

  /** Asks for summaries, and not for thousands of waits. */
  async #is(jobId: string, condition: string): Promise<void> {
    await until(`${jobId} is ${condition}`, async () => {
      const { jobs } = await this.process.get(`/jobs?limit=2`) as {
        jobs: { jobId: string; condition: string }[];
      };
      return jobs.some((job) => job.jobId === jobId && job.condition === condition);
    }, 100);
  }
}

async function withServer(use: (server: Server) => Promise<void>): Promise<void> {
  await inFolder(async (journal) => {
    const process = await DaybookProcess.start({
      journal,
      definitions: `${FOLDER}wide_definitions.ts`,
      permissions: [`--allow-read=${FOLDER}`],
    });
    const { process: { pid } } = await process.get("/system") as { process: { pid: number } };
    try {
      await use(new Server(process, pid));
    } finally {
      await process.stop();
    }
  });
}

/** @param workMs The work for a number of waits, in milliseconds. */
async function assertProportional(workMs: (count: number) => Promise<number>): Promise<void> {
  const tried: string[] = [];
  while (tried.length < TRIES) {
    // Once for V8 to compile the code.
    await workMs(FEW);
    const [few, many] = [await workMs(FEW), await workMs(MANY)];
    if (many / few < GROWTH_MAX) return;
    tried.push(`${FEW} waits ${Math.round(few)} ms, ${MANY} waits ${Math.round(many)} ms`);
  }
  assert.fail(`the work grew faster than the waits, each time: ${tried.join("; ")}`);
}

for (const [type, of] of [["waits", "waits"], ["reversed", "waits, last first,"]] as const) {
  Deno.test(`wide: a wake of a job with thousands of ${of} takes work in proportion`, async () => {
    await withServer((server) =>
      assertProportional(async (count) => {
        const jobId = await server.created({ type, count, ms: HOUR }, "waiting");
        return await server.controlledMs(jobId, "wake");
      })
    );
  });
}

Deno.test("wide: a retry of a job with thousands of waits takes work in proportion", async () => {
  await withServer((server) =>
    assertProportional(async (count) => {
      const jobId = await server.created({ type: "waits", count, ms: 0 }, "failed");
      return await server.controlledMs(jobId, "retry");
    })
  );
});
