/** One key with very many jobs, ten keys with ten: how long each waits, in grants. */

import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import type { JobId } from "../../src/core/ids.ts";
import { PromptTypes } from "../../src/engine/run/slots.ts";
import type { Worker } from "../../src/engine/run/request_lines.ts";
import type { PlaceLimits } from "../../src/core/place_limits.ts";
import { Shares } from "../../src/engine/run/shares.ts";
import { WorkerQueue } from "../../src/engine/run/worker_queue.ts";

interface FairnessRun {
  readonly large: number;
  readonly workers: number;
  readonly limits: PlaceLimits;
  /** Without keys the queue is first in, first out. */
  readonly hasKeys: boolean;
}

/** The key of each grant, in order; `large` is the key with very many jobs. */
function grantsOf({ large, workers, limits, hasKeys }: FairnessRun): readonly string[] {
  const clock = { now: () => 0, monotonic: () => 0 };
  const shares = new Shares(clock, { after: () => () => {} }, [["mail.send", limits]]);
  const queue = new WorkerQueue(workers, new PromptTypes(), fail, shares);
  const granted: string[] = [];
  const busy: { readonly jobId: JobId; readonly worker: Worker }[] = [];
  let order = 0;
  const ask = (key: string) => {
    const jobId = `job-${++order}` as JobId;
    const job = { jobId, type: "mail.send", ...(hasKeys ? { key } : {}) };
    const needs = () => shares.wantedBy(job, true);
    queue.request(
      { jobId, priority: 0, order, type: "mail.send", begins: true, labels: {}, needs },
      (worker) => {
        granted.push(key);
        busy.push({ jobId, worker });
      },
    );
  };
  for (let job = 0; job < large; job++) ask("large");
  for (let job = 0; job < 10; job++) for (let key = 0; key < 10; key++) ask(`small-${key}`);
  // The oldest running job ends, repeatedly.
  for (let next = busy.shift(); next !== undefined; next = busy.shift()) {
    queue.release(next.worker);
    shares.release(next.jobId);
  }
  return granted;
}

function fail(error: unknown): never {
  throw error;
}

/** How many of the ten keys' hundred jobs have started after each grant. */
function smallBegun(grants: readonly string[], upTo: number): readonly number[] {
  let begun = 0;
  return grants.slice(0, upTo).map((key) => key === "large" ? begun : ++begun);
}

const [WIDTH, HEIGHT, LEFT, TOP, GRANTS] = [560, 260, 64, 36, 240];

/** Started jobs of the ten small keys, by grants: with turns, and first in, first out. */
function fairnessPicture(turns: readonly string[], fifo: readonly string[]): string {
  const line = (grants: readonly string[], style: string) => {
    const points = [0, ...smallBegun(grants, GRANTS)].map((begun, at) =>
      `${(LEFT + at * WIDTH / GRANTS).toFixed(1)},${
        (TOP + HEIGHT - begun * HEIGHT / 100).toFixed(1)
      }`
    );
    return `<polyline fill="none" stroke-width="2" ${style} points="${points.join(" ")}"/>`;
  };
  const text = (x: number, y: number, said: string, more = "") =>
    `<text x="${x}" y="${y}"${more}>${said}</text>`;
  const [right, bottom] = [LEFT + WIDTH, TOP + HEIGHT];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 350" font-family="sans-serif" font-size="13">`,
    `<title>Jobs of ten keys with ten jobs each, behind 100,000 of another key</title>`,
    `<rect width="660" height="350" fill="#fff"/>`,
    text(LEFT, 20, "jobs of the ten small keys that have begun, of 100"),
    `<path d="M${LEFT} ${TOP}V${bottom}H${right}" fill="none" stroke="#888"/>`,
    ...[0, 50, 100].map((jobs) =>
      text(LEFT - 8, bottom - jobs * HEIGHT / 100 + 4, `${jobs}`, ` text-anchor="end"`)
    ),
    ...[0, 60, 120, 180, 240].map((grants) =>
      text(LEFT + grants * WIDTH / GRANTS, bottom + 18, `${grants}`, ` text-anchor="middle"`)
    ),
    text(LEFT + WIDTH / 2, bottom + 32, "jobs granted a worker, in order", ` text-anchor="middle"`),
    line(turns, `stroke="#1565c0"`),
    line(fifo, `stroke="#b71c1c" stroke-dasharray="5 4"`),
    text(right - 8, TOP + 16, "keys take turns", ` text-anchor="end" fill="#1565c0"`),
    text(right - 8, bottom - 8, "first in, first out", ` text-anchor="end" fill="#b71c1c"`),
    "</svg>",
    "",
  ].join("\n");
}

const LARGE = rounds(10_000, 100_000, 2_000);
const PICTURE = new URL("../../src/manual/pictures/fairness.svg", import.meta.url);

Deno.test("fairness: the first job of each small key starts after the large key's places plus one job, and all hundred take turns", () => {
  const [workers, perKey] = [4, 2];
  const grants = grantsOf({ large: LARGE, workers, limits: { perKey }, hasKeys: true });
  assert.equal(grants.length, LARGE + 100);
  for (let key = 0; key < 10; key++) {
    const first = grants.indexOf(`small-${key}`);
    const large = grants.slice(0, first).filter((granted) => granted === "large").length;
    assert.ok(large <= perKey + 1, `small-${key} waited for ${large} jobs of the large key`);
  }
  // Each key, including the large one, has one turn in eleven.
  assert.equal(smallBegun(grants, 120).at(-1), 100);
});

Deno.test("fairness: without limits the large key still gets only its turn", () => {
  const grants = grantsOf({ large: LARGE, workers: 4, limits: {}, hasKeys: true });
  // It came first, so it has all workers.
  assert.deepEqual(grants.slice(0, 4), ["large", "large", "large", "large"]);
  assert.equal(smallBegun(grants, 4 + 110).at(-1), 100);
});

Deno.test("fairness: with first in, first out they wait for all, so the run distinguishes the two", () => {
  const grants = grantsOf({ large: LARGE, workers: 4, limits: {}, hasKeys: false });
  assert.equal(smallBegun(grants, LARGE).at(-1), 0);
});

Deno.test("fairness: the picture in the manual shows this run", async () => {
  const picture = fairnessPicture(
    grantsOf({ large: LARGE, workers: 4, limits: { perKey: 2 }, hasKeys: true }),
    grantsOf({ large: LARGE, workers: 4, limits: {}, hasKeys: false }),
  );
  if (Deno.env.get("DAYBOOK_DRAW") !== undefined) await Deno.writeTextFile(PICTURE, picture);
  const drawn = (text: string) => text.replaceAll(/\s+/g, "");
  assert.equal(drawn(await Deno.readTextFile(PICTURE)), drawn(picture));
});
