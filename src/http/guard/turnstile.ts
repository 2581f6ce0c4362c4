/**
 * Keeps requests from having the event loop to themselves. Many that are ready at once would
 * all be worked on in one turn of the loop, and nobody else is heard until it is over: once a
 * turn took long enough, the next one waits for a later turn.
 */

import type { JobState } from "../../core/job_state.ts";
import type { Clock } from "../../engine/ports.ts";

/** What is begun in a turn after this long waits for the next. */
const TURN_MS = 10;
/** Of those who wait, so much is let in before it is measured what it took. */
const STEP_MS = 3;
/** So much is let in before the turn is watched. */
const UNWATCHED_MS = 1;
/** Beyond what is expected, so much before the clock is looked at. */
const LOOK_MS = 0.25;

/**
 * About how long the work of each size takes: what is let in at once has done nothing yet that
 * could be measured. All that is small goes first, but for one piece in each turn.
 */
const EXPECTED_MS = { small: 0.05, medium: 0.5, large: TURN_MS } as const;

export type Size = keyof typeof EXPECTED_MS;

/**
 * Paths of which a GET tells of one thing, or begins to tell what comes. Pages, lists and
 * documents take longer than all else: of a thousand at once a few are made in each turn.
 */
const SMALL_PATHS: ReadonlySet<string> = new Set([
  "/jobs/:id",
  "/jobs/:id/input",
  "/jobs/:id/stream",
  "/stream",
  "/ui",
  "/ui/assets/:name",
  "/ui/live",
]);

/** Of what a GET of a path asks for, as its route is declared. */
export function sizeOfGet(path: string): Size {
  return SMALL_PATHS.has(path) ? "small" : "large";
}

/** Of a plan with more expectations, each must be filed, or found and taken out again. */
const EXPECTED_MAX = 100;

/** Of what is done to a job. */
export function sizeFor({ plan }: JobState): Size {
  return plan.expected.length > EXPECTED_MAX ? "large" : "small";
}

export class Turnstile {
  readonly #clock: Pick<Clock, "monotonic" | "pause" | "nextTurn">;
  /** When the turn of the loop began, as far as it is known. */
  #beganMs = 0;
  /** Until it is over, the loop has not turned. */
  #isPausing = false;
  /** Of what was let in at once in this turn. */
  #expectedMs = 0;
  /** Of that, since the clock was looked at. */
  #unlookedMs = 0;
  readonly #small = new Line();
  readonly #large = new Line();

  constructor(clock: Pick<Clock, "monotonic" | "pause" | "nextTurn">) {
    this.#clock = clock;
  }

  /** Resolves when the caller may go on; `undefined` when that is now, as it nearly always is. */
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
   * The same for the second half of a large piece, which goes before all other large ones, since
   * what the first half made is in memory meanwhile.
   */
  enterAgain(): Promise<void> | undefined {
    return this.#isPausing ? this.#large.join(EXPECTED_MS.large, true) : this.enter("large");
  }

  /** A little is let in for nothing; more, and the turn is watched until it is over. */
  #enterUnwatched(expectedMs: number): undefined {
    this.#expectedMs += expectedMs;
    if (this.#expectedMs < UNWATCHED_MS) return;
    this.#begin();
    this.#expectedMs = expectedMs;
    void this.#turnOver();
  }

  /** Looks at the clock only now and then. */
  #seemsToHaveRoom(expectedMs: number): boolean {
    this.#unlookedMs += expectedMs;
    if (this.#unlookedMs < LOOK_MS) return true;
    this.#unlookedMs = 0;
    return this.#hasRoom;
  }

  #begin(): void {
    this.#beganMs = this.#clock.monotonic();
    this.#expectedMs = 0;
    this.#unlookedMs = 0;
  }

  get #hasRoom(): boolean {
    return this.#clock.monotonic() - this.#beganMs < TURN_MS;
  }

  async #turnOver(): Promise<void> {
    this.#isPausing = true;
    do {
      await this.#clock.pause();
      this.#begin();
      await this.#letIn(this.#small, false);
      await this.#letIn(this.#large, true);
    } while (!this.#small.isEmpty || !this.#large.isEmpty);
    this.#isPausing = false;
    this.#expectedMs = 0;
  }

  /** A few at a time, so that what they take counts for those behind them. */
  async #letIn(line: Line, always: boolean): Promise<void> {
    let expectedMs = 0;
    for (let must = always; must || (this.#hasRoom && expectedMs < TURN_MS); must = false) {
      const stepMs = line.next(STEP_MS);
      if (stepMs === 0) return;
      expectedMs += stepMs;
      await this.#clock.nextTurn();
    }
  }
}

interface Waiting {
  readonly expectedMs: number;
  readonly resume: () => void;
}

/** Those who wait, the first of them first. */
class Line {
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

  /** Lets in so much, and one at least; gives what that is expected to take. */
  next(stepMs: number): number {
    let letIn = 0;
    while (!this.isEmpty && letIn < stepMs) {
      const waiting = this.#waiting[this.#gone++];
      waiting?.resume();
      letIn += waiting?.expectedMs ?? 0;
    }
    if (this.isEmpty) [this.#waiting, this.#gone] = [[], 0];
    return letIn;
  }
}
