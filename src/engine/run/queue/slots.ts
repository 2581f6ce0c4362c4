/** Slots, which limit how many handlers run at a time, and the job types that hold one only briefly. */

import TinyQueue from "tinyqueue";
import type { Clock } from "../../ports.ts";
import type { LoopTurns } from "../scheduler.ts";
import { inQueueOrder, type QueuePosition } from "./request_lines.ts";

/**
 * How long a handler may take to count as prompt, from the turn in which it was called, and how
 * long another handler may wait for its slot.
 */
const PROMPT_MS = 10;

/** A job with recorded attempts whose handlers are to be called. */
export interface SlotRequest {
  readonly place: QueuePosition;
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

/** The holder of a slot. */
interface Inside {
  readonly entrant: SlotRequest;
  /** The time of the first look at it. */
  seenMs: number | undefined;
  isSlow: boolean;
}

interface Waiting extends QueuePosition {
  readonly entrant: SlotRequest;
  /** When a look first found the request waiting. */
  seenMs: number | undefined;
}

/**
 * Limits how many jobs run handlers at a time: each takes a slot. A job that waits for the disk
 * takes none. When handlers are prompt, one batch records many more attempts than there are slots,
 * and their handlers run one after another.
 *
 * When slow handlers hold all slots, attempts whose handlers were not called are recorded as
 * withdrawn, and their jobs wait for a worker at their place in the queue.
 */
export class Slots {
  /** As few as there are slots, so a search takes no longer than a map would. */
  readonly #inside: Inside[] = [];
  /** How many holders are slow. */
  #slow = 0;
  /** Requests with recorded attempts that wait for a slot. */
  readonly #waiting = new TinyQueue<Waiting>([], inQueueOrder);
  #isLooking = false;
  #isStopped = false;
  #cancelTimer: (() => void) | undefined;

  constructor(private readonly max: number, private readonly parts: SlotsParts) {}

  /** Gives the entrant a slot now or soon, or withdraws its attempts. */
  enter(entrant: SlotRequest): void {
    if (this.#inside.length < this.max) {
      this.#admit(entrant);
    } else {
      const { priority, order } = entrant.place;
      this.#waiting.push({ priority, order, entrant, seenMs: undefined });
    }
    if (this.#isLooking) return;
    this.#isLooking = true;
    // Most handlers have ended by the next turn.
    this.parts.turns.next(() => this.#look());
  }

  leave(entrant: SlotRequest): void {
    const at = this.#inside.findIndex((inside) => inside.entrant === entrant);
    if (this.#inside[at]?.isSlow === true) this.#slow--;
    else this.parts.promptTypes.ended(entrant.type);
    if (at >= 0) this.#inside.splice(at, 1);
    const next = this.#waiting.pop();
    if (next !== undefined) this.#admit(next.entrant);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  #admit(entrant: SlotRequest): void {
    this.#inside.push({ entrant, seenMs: undefined, isSlow: false });
    entrant.begin();
  }

  #look(): void {
    const nowMs = this.parts.clock.monotonic();
    this.#findSlow(nowMs);
    if (this.#slow >= this.max) this.#withdrawWaiting();
    else this.#findWaiting(nowMs);
    this.#isLooking = !this.#isStopped && this.#slow < this.#inside.length;
    if (!this.#isLooking) return;
    this.#cancelTimer = this.parts.clock.setTimer(PROMPT_MS, () => this.#look());
  }

  #findSlow(nowMs: number): void {
    // A delay shared by many handlers, such as a pause of the process, counts once for each type.
    const types = new Set<string>();
    for (const inside of this.#inside) {
      inside.seenMs ??= nowMs;
      if (inside.isSlow || nowMs - inside.seenMs < PROMPT_MS) continue;
      inside.isSlow = true;
      this.#slow++;
      types.add(inside.entrant.type);
      inside.entrant.slow();
    }
    for (const type of types) this.parts.promptTypes.slow(type);
  }

  #findWaiting(nowMs: number): void {
    for (const waiting of this.#waiting.data) {
      waiting.seenMs ??= nowMs;
      if (nowMs - waiting.seenMs >= PROMPT_MS) {
        this.parts.promptTypes.waited(waiting.entrant.type);
      }
    }
  }

  #withdrawWaiting(): void {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop()) next.entrant.withdraw();
  }
}

/** The most credit that a type can earn; each prompt handler earns 1. */
const CREDIT_MAX = 2_000;
/** The cost of a slow handler: a prompt type may have one in this many. */
const SLOW_COSTS = 1_000;
/** The lowest credit: after this many prompt handlers the type is prompt again. */
const CREDIT_MIN = -10_000;
/** The cost when a handler had to wait for a slot. It lowers the number of jobs that run. */
const WAITED_COSTS = 8;

/**
 * Job types whose handlers take hardly any time. More of their attempts may be recorded than there
 * are slots, since a slot is soon free again. Past handlers decide which types are prompt, so the
 * estimate may be wrong: `Slots` corrects it.
 */
export class PromptTypes {
  readonly #credit = new Map<string, number>();

  /** @param creditMax With 0 no type is ever prompt. */
  constructor(private readonly creditMax: number = CREDIT_MAX) {}

  has(type: string): boolean {
    return this.#creditOf(type) > 0;
  }

  /** How many jobs of a prompt type may run at a time: twice its credit. */
  runsMax(type: string): number {
    return 2 * Math.max(0, this.#creditOf(type));
  }

  /** A handler was prompt. */
  ended(type: string): void {
    this.#credit.set(type, Math.min(this.#creditOf(type) + 1, this.creditMax));
  }

  /** A handler was slow. */
  slow(type: string): void {
    this.#credit.set(type, Math.max(this.#creditOf(type) - SLOW_COSTS, CREDIT_MIN));
  }

  /** A handler waited too long for others of its type. */
  waited(type: string): void {
    const credit = this.#creditOf(type);
    if (credit > 1) this.#credit.set(type, Math.max(credit - WAITED_COSTS, 1));
  }

  #creditOf(type: string): number {
    return this.#credit.get(type) ?? 0;
  }
}
