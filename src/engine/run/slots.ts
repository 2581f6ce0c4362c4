/**
 * Slots for jobs whose handlers run, which is what is bounded. A job that waits for the disk takes
 * none: when handlers are prompt, many more attempts than there are slots are recorded in one
 * batch, and their handlers run one after the other.
 *
 * When slow handlers hold all slots, attempts whose handlers were not called are withdrawn, on
 * record, and their jobs wait for a worker at their place in the queue.
 */

import TinyQueue from "tinyqueue";
import type { Clock } from "../ports.ts";
import type { PromptTypes } from "./prompt_types.ts";
import type { LoopTurns } from "./loop_turns.ts";
import { inQueueOrder, type Place } from "./requests_in_order.ts";

/**
 * How long a handler may take to count as prompt, from the turn in which it was called, and how
 * long another may wait for it.
 */
const PROMPT_MS = 10;

/** A job with attempts on record whose handlers are to be called. */
export interface SlotRequest {
  readonly place: Place;
  readonly type: string;
  begin(): void;
  withdraw(): void;
  slow(): void;
}

interface SlotsParts {
  readonly clock: Clock;
  readonly turns: LoopTurns;
  readonly promptTypes: PromptTypes;
}

interface Waiting extends Place {
  readonly entrant: SlotRequest;
  /** When it was first looked at. */
  seenMs: number | undefined;
}

export class Slots {
  readonly #max: number;
  readonly #parts: SlotsParts;
  /** With the time at which each was first looked at, or whether it is slow. */
  readonly #inside = new Map<SlotRequest, number | "new" | "slow">();
  /** How many of them are slow. */
  #slow = 0;
  /** On record, and not called. */
  readonly #waiting = new TinyQueue<Waiting>([], inQueueOrder);
  #isLooking = false;
  #isStopped = false;
  #cancelTimer: (() => void) | undefined;

  constructor(max: number, parts: SlotsParts) {
    this.#max = max;
    this.#parts = parts;
  }

  get running(): number {
    return this.#inside.size;
  }

  /** Gives the entrant a slot, now or soon, or withdraws it. */
  enter(entrant: SlotRequest): void {
    if (this.#inside.size < this.#max) {
      this.#admit(entrant);
    } else {
      const { priority, order } = entrant.place;
      this.#waiting.push({ priority, order, entrant, seenMs: undefined });
    }
    if (this.#isLooking) return;
    this.#isLooking = true;
    // Most handlers have ended by then.
    this.#parts.turns.next(() => this.#look());
  }

  leave(entrant: SlotRequest): void {
    if (this.#inside.get(entrant) === "slow") this.#slow--;
    else this.#parts.promptTypes.ended(entrant.type);
    this.#inside.delete(entrant);
    const next = this.#waiting.pop();
    if (next !== undefined) this.#admit(next.entrant);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  #admit(entrant: SlotRequest): void {
    this.#inside.set(entrant, "new");
    entrant.begin();
  }

  #look(): void {
    const nowMs = this.#parts.clock.monotonic();
    this.#findSlow(nowMs);
    if (this.#slow >= this.#max) this.#withdrawWaiting();
    else this.#findWaiting(nowMs);
    this.#isLooking = !this.#isStopped && this.#slow < this.#inside.size;
    if (!this.#isLooking) return;
    this.#cancelTimer = this.#parts.clock.setTimer(PROMPT_MS, () => this.#look());
  }

  #findSlow(nowMs: number): void {
    // A delay that many share, such as a pause of the process, counts once.
    const types = new Set<string>();
    for (const [entrant, seen] of this.#inside) {
      if (seen === "new") this.#inside.set(entrant, nowMs);
      if (typeof seen !== "number" || nowMs - seen < PROMPT_MS) continue;
      this.#inside.set(entrant, "slow");
      this.#slow++;
      types.add(entrant.type);
      entrant.slow();
    }
    for (const type of types) this.#parts.promptTypes.slow(type);
  }

  #findWaiting(nowMs: number): void {
    for (const waiting of this.#waiting.data) {
      waiting.seenMs ??= nowMs;
      if (nowMs - waiting.seenMs >= PROMPT_MS) {
        this.#parts.promptTypes.waited(waiting.entrant.type);
      }
    }
  }

  #withdrawWaiting(): void {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) next.entrant.withdraw();
  }
}
