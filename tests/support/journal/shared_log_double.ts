/** A log in memory that several journals share: the test double of the one in PostgreSQL. */

import type { LogId } from "../../../src/core/ids.ts";
import {
  LostHistoryError,
  Membership,
  OvertakenError,
  type SharedBatch,
  type SharedJournal,
  type SharedLog,
  type Turn,
} from "../../../src/journal/write/shared_log.ts";
import { FakeClock } from "../fake_clock.ts";

export class SharedLogDouble implements SharedLog {
  batches: SharedBatch[] = [];
  readonly #waiting = new Set<() => void>();

  append(batch: SharedBatch): Promise<void> {
    const last = this.batches.at(-1);
    const [lastLogId, chain] = [last?.lastLogId ?? 0, last?.chain ?? ""];
    if (lastLogId < batch.firstLogId - 1) {
      return Promise.reject(new LostHistoryError("entries that were acknowledged are gone"));
    }
    if (lastLogId !== batch.firstLogId - 1 || chain !== batch.previousChain) {
      return Promise.reject(new OvertakenError());
    }
    this.batches.push({ ...batch, bytes: batch.bytes.slice() });
    for (const wake of this.#waiting) wake();
    return Promise.resolve();
  }

  read(after: LogId): Promise<readonly SharedBatch[]> {
    return Promise.resolve(this.batches.filter(({ firstLogId }) => firstLogId > after).slice(0, 2));
  }

  chainAt(logId: LogId): Promise<string | undefined> {
    return Promise.resolve(this.batches.find(({ lastLogId }) => lastLogId === logId)?.chain);
  }

  lastLogId(): Promise<LogId> {
    return Promise.resolve(this.batches.at(-1)?.lastLogId ?? 0);
  }

  async news(after: LogId, withinMs: number): Promise<boolean> {
    if ((this.batches.at(-1)?.lastLogId ?? 0) > after) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wake = () => resolve(true);
    // Sooner than that, because a stopping process waits for it.
    const timer = setTimeout(() => resolve(false), withinMs / 25);
    this.#waiting.add(wake);
    const isNews = await promise;
    this.#waiting.delete(wake);
    clearTimeout(timer);
    return isNews;
  }

  end(): Promise<void> {
    return Promise.resolve();
  }
}

/** A process's membership, which leads when the test says so. */
export function sharing(log: SharedLog, writer: string, turn: Partial<Turn> = {}): SharedJournal {
  return {
    log,
    membership: new Membership({
      self: { writer, url: `http://${writer}.test` },
      clock: new FakeClock(),
      tell: () => {},
    }),
    turn: {
      take: () => Promise.resolve("first"),
      pass: () => Promise.resolve(),
      lead: () => Promise.resolve(),
      end: () => Promise.resolve(),
      ...turn,
    },
  };
}
