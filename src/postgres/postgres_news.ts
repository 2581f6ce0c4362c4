/**
 * Notifies other processes of appends, and receives their notifications. Nothing depends on them: a
 * notification may be lost, so every wait for one has a time limit.
 */

import type { LogId } from "../core/ids.ts";
import type { Clock } from "../engine/ports.ts";
import type { Connect, Sql } from "./connection.ts";
import type { Place } from "./place.ts";

/**
 * One channel for all journals of a database: a channel name may not be longer than a journal's
 * name.
 */
const CHANNEL = "daybook";
/** Under load, a notification stands for the appends of this time. */
const NOTIFY_EVERY_MS = 5;

export class PostgresNews {
  readonly #sql: Sql;
  readonly #journal: string;
  readonly #clock: Pick<Clock, "setTimer">;
  #isListening = false;
  #isNotifying = false;
  /** The last position to notify the others of. */
  #appended: LogId = 0;
  #heard: LogId = 0;
  /** Ends the wait for a notification. */
  #over: (isNews: boolean) => void = () => {};

  constructor(connect: Connect, { journal }: Place, clock: Pick<Clock, "setTimer">) {
    this.#journal = journal;
    this.#clock = clock;
    this.#sql = connect({
      onClose: () => this.#isListening = false,
      onNotify: (_, message) => this.#hear(message),
    });
  }

  /** Notifies the others without waiting for it. One notification may stand for many appends. */
  notify(lastLogId: LogId): void {
    this.#appended = lastLogId;
    if (!this.#isNotifying) void this.#send();
  }

  async #send(): Promise<void> {
    this.#isNotifying = true;
    for (let sent = 0; sent < this.#appended;) {
      sent = this.#appended;
      const message = `${this.#journal} ${sent}`;
      // Nothing depends on it, so the database need not sync it.
      await this.#sql`
        select set_config('synchronous_commit', 'off', true), pg_notify(${CHANNEL}, ${message})`
        .catch(() => {});
      await new Promise<void>((resolve) => void this.#clock.setTimer(NOTIFY_EVERY_MS, resolve));
    }
    this.#isNotifying = false;
  }

  /** See `SharedLog.news`. */
  async next(after: LogId, withinMs: number): Promise<boolean> {
    if (!this.#isListening) void this.#listen();
    if (this.#heard > after) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#over = resolve;
    const cancel = this.#clock.setTimer(withinMs, () => resolve(false));
    const isNews = await promise;
    cancel();
    return isNews;
  }

  async end(): Promise<void> {
    await this.#sql.end({ timeout: 1 });
  }

  async #listen(): Promise<void> {
    this.#isListening = true;
    try {
      await this.#sql.unsafe(`listen ${CHANNEL}`);
      // Notifications of earlier appends were missed, so the waiting reader reads now.
      this.#over(true);
    } catch {
      this.#isListening = false;
    }
  }

  #hear(message: string): void {
    const [journal, logId] = message.split(" ");
    if (journal !== this.#journal) return;
    this.#heard = Number(logId);
    this.#over(true);
  }
}
