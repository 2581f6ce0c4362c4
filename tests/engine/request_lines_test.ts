/** The order of requests, beside a model that compares all of them for each grant. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobId } from "../../src/core/ids.ts";
import type { RateWindow } from "../../src/engine/run/queue/rate_window.ts";
import {
  type QueuedRequest,
  RequestLines,
  type Worker,
} from "../../src/engine/run/queue/request_lines.ts";
import { Shares } from "../../src/engine/run/queue/shares.ts";
import { cases, rounds } from "../support/effort.ts";
import { PromptTypes } from "../../src/engine/run/queue/slots.ts";
import type { LimitValues } from "../../src/core/place_limits.ts";
import { WANTED } from "./lists_of.ts";
import { WorkerQueue } from "../../src/engine/run/queue/worker_queue.ts";

/** The first type has no limits. */
const TYPES = ["free", "few", "rated", "ratedByKey"] as const;
const LIMITS = [
  ["few", { maxRunning: 2, perKey: 1 }],
  ["rated", { perKey: 2, rate: { count: 2, perMs: 100 } }],
  ["ratedByKey", { rate: { count: 1, perMs: 100 } }],
] as const;

const moves = fc.oneof(
  fc.record({
    kind: fc.constant("ask" as const),
    type: fc.constantFrom(...TYPES),
    key: fc.constantFrom(undefined, "x", "y", "z"),
    rateKey: fc.constantFrom("r", "s"),
    priority: fc.constantFrom(0, 0, 1),
    begins: fc.boolean(),
    isAlone: fc.constantFrom(false, false, false, false, false, true),
  }),
  fc.record({ kind: fc.constantFrom("grant", "grant", "end", "wait", "full", "room", "leave") }),
);
type Move = typeof moves extends fc.Arbitrary<infer One> ? One : never;
type Ask = Extract<Move, { kind: "ask" }>;

class Machine {
  nowMs = 0;
  hasRoom = true;
  readonly shares = new Shares(
    { now: () => this.nowMs, monotonic: () => this.nowMs },
    { after: () => () => {} },
    LIMITS,
  );
  readonly lines = new RequestLines((window) => this.shares.isOpen(window));
  readonly waiting: QueuedRequest[] = [];
  readonly running: JobId[] = [];
  /** When each key had its last turn, or came; for keys with requests. */
  readonly turns = new Map<string, number>();
  #turn = 0;
  #asked = 0;

  constructor() {
    this.shares.subscribe({ freed: (all) => all.forEach((one) => this.lines.freed(one)) });
  }

  ask({ kind: _, type, rateKey, key, ...wanted }: Ask): void {
    // A job that waited before has an older start than those that came after it.
    const order = ++this.#asked * 7_919 % 1_009;
    const jobId = `job-${order}` as JobId;
    const rated = type === "ratedByKey" ? { rateKey } : {};
    const needs = this.shares.wantedBy({ jobId, type, key, ...rated }, !wanted.begins);
    const request: QueuedRequest = {
      ...{ jobId, order, rank: 0, type, key, labels: {}, ...wanted, needs, needsNow: () => needs },
      ...{ epoch: 0, grant: () => {}, line: undefined },
    };
    this.turns.set(takerOf(request), this.turns.get(takerOf(request)) ?? ++this.#turn);
    this.#count(request, 1);
    this.waiting.push(request);
    this.lines.push(request);
  }

  /** The rule: nothing that may be granted waits behind something else. */
  expected(): QueuedRequest | undefined {
    const turnOf = (request: QueuedRequest) => this.turns.get(takerOf(request)) ?? 0;
    return this.waiting.filter((request) => this.#mayBeGranted(request)).toSorted((one, other) =>
      Number(other.isAlone) - Number(one.isAlone) || one.priority - other.priority ||
      turnOf(one) - turnOf(other) || one.order - other.order
    )[0];
  }

  grant(): void {
    const expected = this.expected();
    const line = this.lines.next();
    assert.equal(line?.first?.jobId, expected?.jobId);
    if (line === undefined || expected === undefined) return;
    this.lines.take(line);
    this.waiting.splice(this.waiting.indexOf(expected), 1);
    this.running.push(expected.jobId);
    const taker = takerOf(expected);
    this.turns.set(taker, ++this.#turn);
    if (!this.waiting.some((request) => takerOf(request) === taker)) this.turns.delete(taker);
    if (expected.needs === undefined) return;
    this.shares.take(expected.jobId, expected.needs);
    this.shares.began(expected.jobId);
    this.#count(expected, -1);
  }

  /** The shares keep a key, and its turn, as long as a request waits for it. */
  #count({ needs }: QueuedRequest, difference: 1 | -1): void {
    if (needs === undefined) return;
    needs.share.waiting += difference;
    this.shares.forget(needs.share);
  }

  /** The first request whose line keeps another one leaves it. */
  leave(): void {
    const first = this.waiting.findIndex(({ line }, at) =>
      this.waiting.some((other, otherAt) => other.line === line && otherAt !== at)
    );
    for (const request of first < 0 ? [] : this.waiting.splice(first, 1)) {
      request.line = undefined;
      this.#count(request, -1);
    }
  }

  #mayBeGranted({ begins, needs }: QueuedRequest): boolean {
    if (begins && !this.hasRoom) return false;
    return needs === undefined || this.shares.reached(needs) === undefined;
  }

  play(move: Move): void {
    if (move.kind === "ask") this.ask(move as Ask);
    if (move.kind === "grant") this.grant();
    if (move.kind === "leave") this.leave();
    if (move.kind === "end") this.shares.release(this.running.shift() ?? "" as JobId);
    if (move.kind === "wait") {
      this.nowMs += 60;
      const windows = this.waiting.flatMap(({ needs }) => needs?.window ?? []);
      for (const window of new Set<RateWindow>(windows)) this.lines.freed(window);
    }
    if (move.kind === "full" || move.kind === "room") {
      this.lines.mayBegin = this.hasRoom = move.kind === "room";
    }
  }
}

/** Keys of one priority take turns; all jobs without a key are as one key. */
function takerOf({ needs, priority }: QueuedRequest): string {
  const { share, window } = needs ?? {};
  const rate = window === undefined ? "" : window.isOfType ? "rate" : WINDOWS.of(window);
  const isOfKey = share?.key !== undefined || window?.isOfType === false;
  return isOfKey ? `${share?.of.type} ${share?.key} ${rate} ${priority}` : `${priority}`;
}

const WINDOWS = {
  ids: new Map<RateWindow, string>(),
  of(window: RateWindow): string {
    const id = this.ids.get(window) ?? `rate ${this.ids.size}`;
    this.ids.set(window, id);
    return id;
  },
};

Deno.test("request lines: each grant is the one that the rule of order names, whatever has to wait", () => {
  fc.assert(
    fc.property(fc.array(moves, { maxLength: 80 }), (all) => {
      const machine = new Machine();
      for (const move of all) machine.play(move);
      for (let left = machine.waiting.length; left >= 0; left--) machine.grant();
    }),
    { numRuns: cases(2_000) },
  );
});

// One key with very many jobs, ten keys with ten: how long each waits, in grants.

interface FairnessRun {
  readonly large: number;
  readonly workers: number;
  readonly limits: LimitValues;
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
      { ...WANTED, jobId, order, type: "mail.send", begins: true, needs },
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
