/** The order of requests, beside a model that compares all of them for each grant. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobId } from "../../src/core/ids.ts";
import type { RateWindow } from "../../src/engine/run/rate_window.ts";
import { type Request, RequestLines } from "../../src/engine/run/request_lines.ts";
import { Shares } from "../../src/engine/run/shares.ts";
import { cases } from "../support/effort.ts";

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
  readonly waiting: Request[] = [];
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
    const request: Request = {
      ...{ jobId, order, type, key, labels: {}, ...wanted, needs, needsNow: undefined },
      ...{ epoch: 0, grant: () => {}, line: undefined },
    };
    this.turns.set(takerOf(request), this.turns.get(takerOf(request)) ?? ++this.#turn);
    this.waiting.push(request);
    this.lines.push(request);
  }

  /** The rule: nothing that may be granted waits behind something else. */
  expected(): Request | undefined {
    const turnOf = (request: Request) => this.turns.get(takerOf(request)) ?? 0;
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
  }

  /** The first request whose line keeps another one leaves it. */
  leave(): void {
    const first = this.waiting.findIndex(({ line }, at) =>
      this.waiting.some((other, otherAt) => other.line === line && otherAt !== at)
    );
    for (const request of first < 0 ? [] : this.waiting.splice(first, 1)) request.line = undefined;
  }

  #mayBeGranted({ begins, needs }: Request): boolean {
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
function takerOf({ needs, priority }: Request): string {
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
