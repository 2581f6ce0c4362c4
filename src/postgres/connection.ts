/** Connections to PostgreSQL, and retrying while it does not answer. */

import postgres from "postgres";
import { durationText } from "../core/duration.ts";
import { errorMessage } from "../core/thrown.ts";
import type { Clock } from "../engine/ports.ts";
import { JournalUnusableError } from "../journal/errors.ts";
import { dialler } from "./dialler.ts";
import type { Place } from "./place.ts";

export type Sql = postgres.Sql;

export interface SessionListener {
  /** The session is lost. */
  readonly onClose?: () => void;
  /** A message came on a channel that it listens on. */
  readonly onNotify?: (channel: string, payload: string) => void;
}

/** Opens a session. */
export type Connect = (listener?: SessionListener) => Sql;

/** A single session, which lasts until it is lost: a lock belongs to it. */
export function session(place: Place, listener: SessionListener = {}): Sql {
  const { onClose = () => {}, onNotify = () => {} } = listener;
  const url = new URL(place.url);
  // Where none is named, the environment may say.
  const hosts = url.hostname.split(",").filter((host) => host !== "");
  // Of several hosts the driver's own choice would try them without a pause, and tell nobody.
  url.hostname = hosts[0] ?? "";
  // The driver's own `listen` would connect again without a pause; its types lack the options.
  const untyped = { onnotify: onNotify, socket: dialler(hosts) };
  const sql = postgres(url.href, {
    ...untyped,
    // A primary becomes a standby only by a restart, which ends its sessions.
    target_session_attrs: "primary",
    max: 1,
    max_lifetime: null,
    idle_timeout: 0,
    connect_timeout: 5,
    backoff: false,
    onnotice: ({ severity }) => {
      if (severity === "WARNING") warnings.set(sql, warningsIn(sql) + 1);
    },
    onclose: onClose,
    // A cancelled wait for a synchronous standby leaves a commit that no standby has.
    connection: { application_name: "daybook", statement_timeout: 0, lock_timeout: 0 },
  });
  return sql;
}

const warnings = new WeakMap<Sql, number>();

/** How many warnings came in a session, each before the answer that it is about. */
export function warningsIn(sql: Sql): number {
  return warnings.get(sql) ?? 0;
}

/** Somebody cancelled a statement (SQLSTATE 57014). */
export class CancelledError extends Error {
  readonly code = "57014";
}

/**
 * What passes: no connection, as the driver and the system say it; and by the states of PostgreSQL,
 * no resources, a shutdown, a demotion. A pooler that refuses what it is asked (08P01) will do so
 * again.
 */
const PASSING = /^CONNECT|^E[A-Z]+$|^(?!08P01)(?:08|53|57|58|40)...$|^25006$/;

/** Whether the same may work later. */
function passes(error: unknown): boolean {
  return PASSING.test(codeOf(error));
}

const DELAY_MIN_MS = 50;
const DELAY_MAX_MS = 1_000;
/** Between two warnings. */
const TOLD_EVERY_MS = 10_000;

export interface RetryingOptions {
  readonly place: Place;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
  /** How long PostgreSQL may take to answer; however long, if absent. */
  readonly answerMsMax?: number;
}

/** Tries the same until PostgreSQL has answered. */
export class Retrying {
  readonly #options: RetryingOptions;
  #toldMs = -Infinity;
  /** Whether it was silent too long: nothing is tried any more. */
  #isOver = false;

  constructor(options: RetryingOptions) {
    this.#options = options;
  }

  /** Rejects only with what would be the same again, or when PostgreSQL has been silent too long. */
  async until<Result>(run: (isAgain: boolean) => Promise<Result>): Promise<Result> {
    const { place, clock, answerMsMax } = this.#options;
    if (answerMsMax === undefined) return await this.#repeat(run);
    const { promise: late, reject } = Promise.withResolvers<never>();
    const reason = `it has not answered for ${durationText(answerMsMax)}`;
    const error = new JournalUnusableError("use", place.shown, reason);
    const cancel = clock.setTimer(answerMsMax, () => {
      this.#isOver = true;
      reject(error);
    });
    return await Promise.race([this.#repeat(run), late]).finally(cancel);
  }

  async #repeat<Result>(run: (isAgain: boolean) => Promise<Result>): Promise<Result> {
    for (let delayMs = DELAY_MIN_MS, isAgain = false;; isAgain = true) {
      try {
        return await run(isAgain);
      } catch (error) {
        if (!passes(error) || this.#isOver) throw error;
        this.#tell(error);
        await this.#pause(delayMs);
        delayMs = Math.min(2 * delayMs, DELAY_MAX_MS);
      }
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimer(delayMs, resolve));
  }

  #tell(error: unknown): void {
    const { place, clock, warn } = this.#options;
    if (clock.monotonic() - this.#toldMs < TOLD_EVERY_MS) return;
    this.#toldMs = clock.monotonic();
    const reason = codeOf(error) === LEFT_BY_DRIVER ? "it is a standby" : errorMessage(error);
    warn(`${place.shown} does not answer, and is tried again: ${reason}`);
  }
}

/** Of a session that was refused, since the server is not what `target_session_attrs` asks for. */
const LEFT_BY_DRIVER = "CONNECTION_DESTROYED";

/** Of the driver, the system or PostgreSQL; empty if it is of none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
