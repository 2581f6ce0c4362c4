/**
 * Keeps many requests from blocking the event loop together: all that are ready would be handled in
 * one turn of the loop, and nothing else would run until it ended. Once a turn has taken long
 * enough, the next request waits for a later turn.
 */

import type { JobState } from "../../core/job_state.ts";
import { isLarge } from "../../core/json.ts";
import type { Work } from "../../core/work.ts";
import type { Clock } from "../../engine/ports.ts";

/** Once a turn has taken this long, requests wait for the next one. */
const TURN_MS = 10;
/** Work on one request without a pause. */
const SLICE_MS = 5;
/** Expected work admitted from the queue before its real time is measured. */
const STEP_MS = 2.5;
/** Expected work admitted before the turn is measured. */
const UNWATCHED_MS = 1;
/** Expected work between two readings of the clock. */
const LOOK_MS = 0.25;

/**
 * Estimated time for each size: a request that is admitted at once has done no work that could be
 * measured. Small requests go first, except for one other in each turn. Four lists share a turn; a
 * large request that waits has one of its own.
 */
const EXPECTED_MS = { small: 0.05, medium: 0.5, list: 2.5, large: TURN_MS } as const;

export type Size = keyof typeof EXPECTED_MS;

/** Paths whose GET returns one resource, or starts a stream. */
const SMALL_PATHS: ReadonlySet<string> = new Set([
  "/jobs/:id",
  "/jobs/:id/input",
  "/jobs/:id/stream",
  "/stream",
  "/ui",
  "/ui/assets/:name",
  "/ui/live",
]);

/** Apart from pages of the dashboard, what takes longer than a list divides its own work. */
export function sizeOfGet(path: string): Size {
  if (SMALL_PATHS.has(path)) return "small";
  return path === "/" || path.startsWith("/ui/") ? "large" : "list";
}

/** A job with more expectations, tasks and timed waits is costly to index, to show and to retry. */
const PARTS_MAX = 100;
/** A longer input or longer results take milliseconds each time they are read or written. */
const CHARACTERS_MAX = 64 * 1024;

export function sizeFor({ plan, tasks, waits, input }: JobState): Size {
  const parts = plan.expected.length + tasks.length + (waits?.length ?? 0);
  return parts > PARTS_MAX || isLarge([input, tasks], CHARACTERS_MAX) ? "large" : "small";
}

export class AdmissionGate {
  /** When this turn of the loop began. */
  #beganMs = 0;
  /** `true` until the current turn of the loop ends. */
  #isPausing = false;
  /** Expected work admitted in this turn. */
  #expectedMs = 0;
  /** Expected work since the clock was last read. */
  #unlookedMs = 0;
  readonly #small = new WaitingLine();
  readonly #large = new WaitingLine();

  constructor(private readonly clock: Pick<Clock, "monotonic" | "pause" | "nextTurn">) {}

  /** Resolves when the caller may continue; `undefined` means now, which is nearly always. */
  enter(size: Size = "small"): Promise<void> | undefined {
    const expectedMs = EXPECTED_MS[size];
    if (!this.#isPausing) return this.#enterUnwatched(expectedMs);
    const line = size === "small" ? this.#small : this.#large;
    const isFirst = line.isEmpty && this.#small.isEmpty;
    if (!isFirst || this.#expectedMs >= TURN_MS || !this.#seemsToHaveRoom(expectedMs)) {
      return line.join(expectedMs);
    }
    this.#expectedMs += expectedMs;
    return undefined;
  }

  /**
   * For the second half of a large request. It goes before all other large requests, since the
   * result of the first half stays in memory meanwhile.
   */
  enterAgain(): Promise<void> | undefined {
    return this.#isPausing ? this.#large.join(EXPECTED_MS.large, true) : this.enter("large");
  }

  /** Completes work on a request, which may be large, in slices. */
  async inSlices<Result>(work: Work<Result>): Promise<Result> {
    for (;;) {
      const endMs = this.clock.monotonic() + SLICE_MS;
      do {
        const step = work.next();
        if (step.done === true) return step.value;
      } while (this.clock.monotonic() < endMs);
      await this.enterAgain();
    }
  }

  /** Admits a little work freely; beyond that, the turn is measured until it ends. */
  #enterUnwatched(expectedMs: number): undefined {
    this.#expectedMs += expectedMs;
    if (this.#expectedMs < UNWATCHED_MS) return;
    this.#begin();
    this.#expectedMs = expectedMs;
    void this.#turnOver();
  }

  /** Reads the clock only after every `LOOK_MS` of expected work. */
  #seemsToHaveRoom(expectedMs: number): boolean {
    this.#unlookedMs += expectedMs;
    if (this.#unlookedMs < LOOK_MS) return true;
    this.#unlookedMs = 0;
    return this.#hasRoom;
  }

  #begin(): void {
    this.#beganMs = this.clock.monotonic();
    this.#expectedMs = 0;
    this.#unlookedMs = 0;
  }

  get #hasRoom(): boolean {
    return this.clock.monotonic() - this.#beganMs < TURN_MS;
  }

  async #turnOver(): Promise<void> {
    this.#isPausing = true;
    do {
      await this.clock.pause();
      this.#begin();
      await this.#letIn(this.#small, false);
      await this.#letIn(this.#large, true);
    } while (!this.#small.isEmpty || !this.#large.isEmpty);
    this.#isPausing = false;
    this.#expectedMs = 0;
  }

  /** Admits a few at a time, so that their real time counts for those behind them. */
  async #letIn(line: WaitingLine, always: boolean): Promise<void> {
    let expectedMs = 0;
    for (let must = always; must || (this.#hasRoom && expectedMs < TURN_MS); must = false) {
      const stepMs = line.next();
      if (stepMs === 0) return;
      expectedMs += stepMs;
      await this.clock.nextTurn();
    }
  }
}

interface Waiting {
  readonly expectedMs: number;
  readonly resume: () => void;
}

/** Waiting requests, first in, first out. */
class WaitingLine {
  #waiting: Waiting[] = [];
  #gone = 0;

  get isEmpty(): boolean {
    return this.#gone === this.#waiting.length;
  }

  join(expectedMs: number, isFirst = false): Promise<void> {
    const { promise, resolve: resume } = Promise.withResolvers<void>();
    const waiting = { expectedMs, resume };
    if (isFirst) this.#waiting.splice(this.#gone, 0, waiting);
    else this.#waiting.push(waiting);
    return promise;
  }

  /** Admits one step of expected work, at least one request; returns what was admitted. */
  next(): number {
    let letIn = 0;
    while (!this.isEmpty && letIn < STEP_MS) {
      const waiting = this.#waiting[this.#gone++];
      waiting?.resume();
      letIn += waiting?.expectedMs ?? 0;
    }
    if (this.isEmpty) [this.#waiting, this.#gone] = [[], 0];
    return letIn;
  }
}
