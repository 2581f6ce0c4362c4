/**
 * Records what happened to the whole process: that its event loop was blocked, that the clock of
 * the machine was set, or that no code caught an error. No entry of a job shows it, and
 * explanations need it.
 */

import { errorFact } from "../../core/error_fact.ts";
import type { EventDraft } from "../../core/event.ts";
import type {
  ErrorFact,
  FrameworkAttributes,
  OpenAttempt,
  UncaughtKind,
} from "../../core/framework_events.ts";
import type { JobId, TaskId } from "../../core/ids.ts";
import type { Clock } from "../ports.ts";
import type { LiveSecrets, SecretGuard } from "../secrets/secret_guard.ts";
import type { Writer } from "./writer.ts";

/** A smaller change of the clock is no cause worth looking for. */
const CLOCK_SET_MS = 3_000;

interface ProcessFactParts {
  readonly clock: Clock;
  readonly writer: Pick<Writer, "tryAppend">;
  readonly liveSecrets: Pick<LiveSecrets, "redact" | "hasForgotten">;
  readonly leads: boolean;
  readonly failed: boolean;
}

export type LoopBlocked = FrameworkAttributes["journal.LoopBlocked"];

type ErrorUncaught = FrameworkAttributes["journal.ErrorUncaught"];

/** An attempt of a job. */
export interface AttemptName {
  readonly taskId: TaskId;
  /** From 1. */
  readonly number: number;
  /** Whether it is one of the compensation. */
  readonly isUndoing: boolean;
}

/** An error that no code caught, and that failed no attempt. */
export interface UncaughtError {
  readonly kind: UncaughtKind;
  readonly thrown: unknown;
  /** The attempt whose code threw it, which may have ended; absent if that is not known. */
  readonly attempt?: AttemptName & { readonly jobId: JobId };
  /** For the secrets of the job of the attempt, if they are known. */
  readonly guard?: SecretGuard;
  /** Without `attempt`: those whose code may have thrown it. */
  readonly open?: readonly OpenAttempt[];
  /** How many came before that were not reported. */
  readonly more?: number;
}

/** The same, as the thread of a job knows it. */
export interface UncaughtInThread extends Pick<UncaughtError, "kind" | "thrown"> {
  /** The job whose code it was, or the last one that had the thread. */
  readonly jobId: JobId;
  readonly attempt: AttemptName | undefined;
  readonly more: number;
}

/** How many open attempts are recorded. */
const OPEN_MAX = 16;
/** In place of a message in which nothing could be masked. */
const UNMASKED = "(left out: it may hold a secret of a job that has ended)";

export class ProcessFacts {
  readonly #bound: UncaughtBound;
  #apartMs: number;

  constructor(private readonly parts: ProcessFactParts) {
    this.#bound = new UncaughtBound(parts.clock);
    this.#apartMs = this.#clocksApartMs();
  }

  loopBlocked(attributes: LoopBlocked): void {
    this.#record({ stratum: "framework", eventType: "journal.LoopBlocked", attributes });
  }

  errorUncaught(uncaught: UncaughtError): void {
    const { kind, attempt } = uncaught;
    const error = this.#factOf(uncaught);
    const whose: Pick<ErrorUncaught, "attempt" | "open"> = attempt === undefined
      ? { open: (uncaught.open ?? []).slice(0, OPEN_MAX) }
      : { attempt: attemptAtFault(attempt) };
    const content = JSON.stringify({ kind, error, ...whose });
    const more = this.#bound.admit(attempt?.jobId, content, uncaught.more);
    if (more === undefined) return;
    const attributes = { kind, error, ...whose, ...(more === 0 ? {} : { more }) };
    this.#record({ stratum: "framework", eventType: "journal.ErrorUncaught", attributes });
  }

  /** The secrets of a job are known while it runs, and afterwards to its attempts. */
  #factOf({ thrown, guard }: UncaughtError): ErrorFact {
    const { liveSecrets } = this.parts;
    const redact = (text: string) => liveSecrets.redact(guard?.redact(text) ?? text);
    const fact = errorFact(thrown, redact);
    if (guard !== undefined || !liveSecrets.hasForgotten) return fact;
    const frames = (fact.stack ?? "").split("\n").filter((line) => line.startsWith("    at "));
    return { name: fact.name, message: UNMASKED, stack: frames.join("\n") };
  }

  /** Compares the clock of the machine with the monotonic clock, as at the last look. */
  lookAtClock(): void {
    const apartMs = this.#clocksApartMs();
    const setMs = Math.round(apartMs - this.#apartMs);
    this.#apartMs = apartMs;
    this.#clockSet(setMs);
  }

  /**
   * Begins to look, at a time that may be before the last on record.
   *
   * @param lastAt RFC 3339; absent for an empty journal.
   */
  begin(lastAt: string | undefined): void {
    this.#apartMs = this.#clocksApartMs();
    if (lastAt === undefined) return;
    this.#clockSet(Math.min(0, this.parts.clock.now() - Date.parse(lastAt)));
  }

  #clockSet(setMs: number): void {
    if (Math.abs(setMs) < CLOCK_SET_MS) return;
    this.#record({ stratum: "framework", eventType: "journal.ClockSet", attributes: { setMs } });
  }

  /** It only explains, so it does not take the reserve of a full disk, which running jobs need. */
  #record(draft: EventDraft): void {
    const { failed, leads, writer } = this.parts;
    if (!leads || failed) return;
    writer.tryAppend([draft], "ordinary");
  }

  #clocksApartMs(): number {
    return this.parts.clock.now() - this.parts.clock.monotonic();
  }
}

function attemptAtFault(
  { jobId, taskId, number, isUndoing }: NonNullable<UncaughtError["attempt"]>,
): NonNullable<ErrorUncaught["attempt"]> {
  const name = { jobId, taskId, attempt: number };
  return isUndoing ? { ...name, phase: "compensation" } : name;
}

const MINUTE_MS = 60_000;
/** A minute has at most so many entries, */
const ENTRIES_MAX = 60;
/** so many of one job whose code threw, so that it leaves room for others, */
const OF_OWNER_MAX = 3;
/** and so many characters. */
const CHARACTERS_MAX = 65_536;

/** Keeps code that throws again and again from filling the journal. */
export class UncaughtBound {
  #since = -Infinity;
  /** What was admitted in this minute. */
  readonly #admitted = new Set<string>();
  readonly #ofOwner = new Map<unknown, number>();
  #characters = 0;
  #more = 0;

  constructor(private readonly clock: Pick<Clock, "monotonic">) {}

  /**
   * @param owner The job whose code threw it, if known.
   * @param content All that an entry would say.
   * @param before How many were refused before it elsewhere.
   * @returns How many were refused since the last one that was admitted; `undefined` when this one
   * is refused too.
   */
  admit(owner: unknown, content: string, before = 0): number | undefined {
    this.#considerMinute();
    this.#more += before;
    const ofOwner = owner === undefined ? 0 : this.#ofOwner.get(owner) ?? 0;
    const isRefused = this.#admitted.has(content) || this.#admitted.size >= ENTRIES_MAX ||
      ofOwner >= OF_OWNER_MAX || this.#characters + content.length > CHARACTERS_MAX;
    if (isRefused) {
      this.#more++;
      return undefined;
    }
    this.#admitted.add(content);
    this.#ofOwner.set(owner, ofOwner + 1);
    this.#characters += content.length;
    const more = this.#more;
    this.#more = 0;
    return more;
  }

  #considerMinute(): void {
    const now = this.clock.monotonic();
    if (now - this.#since < MINUTE_MS) return;
    this.#since = now;
    this.#admitted.clear();
    this.#ofOwner.clear();
    this.#characters = 0;
  }
}
