/**
 * Tells other processes that something was appended, and hears it from them. Nothing depends on it:
 * a message may be lost, so whoever waits for one waits for a limited time.
 */

import type { LogId } from "../core/ids.ts";
import type { Clock } from "../engine/ports.ts";
import type { Connect, Sql } from "./connection.ts";
import type { Place } from "./place.ts";

/** One for all journals of a database: a name may be no longer than that of a journal. */
const CHANNEL = "daybook";

export class PostgresNews {
  readonly #sql: Sql;
  readonly #journal: string;
  readonly #clock: Pick<Clock, "setTimer">;
  #isListening = false;
  #isTelling = false;
  /** Of which the others have to be told. */
  #appended: LogId = 0;
  #heard: LogId = 0;
  /** Ends the wait for a message. */
  #over: (isNews: boolean) => void = () => {};

  constructor(connect: Connect, { journal }: Place, clock: Pick<Clock, "setTimer">) {
    this.#journal = journal;
    this.#clock = clock;
    this.#sql = connect({
      onClose: () => this.#isListening = false,
      onNotify: (_, message) => this.#hear(message),
    });
  }

  /** Tells the others, without waiting for it: one message may stand for many appends. */
  tell(lastLogId: LogId): void {
    this.#appended = lastLogId;
    if (!this.#isTelling) void this.#tell();
  }

  async #tell(): Promise<void> {
    this.#isTelling = true;
    for (let told = 0; told < this.#appended;) {
      told = this.#appended;
      const message = `${this.#journal} ${told}`;
      await this.#sql`select pg_notify(${CHANNEL}, ${message})`.catch(() => {});
    }
    this.#isTelling = false;
  }

  /** As `SharedLog.news`. */
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
      // Of what was appended before, nothing was heard.
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
