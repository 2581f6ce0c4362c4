/** The copy that a process keeps of a shared journal, as a follower or as the leader. */

import type { Silence } from "../../core/silence.ts";
import { counted } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";
import type { LogId } from "../../core/ids.ts";
import type { WhyLeading } from "../../core/standing.ts";
import { errorMessage } from "../../core/thrown.ts";
import type { Work } from "../../core/work.ts";
import { inTurns } from "../../engine/turns.ts";
import {
  type Clock,
  type JournalConsumer,
  JournalFailedError,
  JournalFullError,
  type JournalHead,
} from "../../engine/ports.ts";
import { missingRoom } from "../errors.ts";
import type { BatchSink } from "./group_commit.ts";
import type { Recorder } from "./recorder.ts";
import { type ScanStart, type SealedBatch, SegmentScanner } from "../read/segment_scanner.ts";
import {
  DamagedLogError,
  LostHistoryError,
  missingEntries,
  NewerEntryError,
  OtherJournalError,
  OvertakenError,
  type SharedBatch,
  type SharedJournal,
  type SharedLog,
} from "./shared_log.ts";

/**
 * Reads and verifies a batch of the shared log, with places to pause if it is large.
 *
 * @throws {DamagedLogError} if the batch is damaged, or does not follow the head.
 * @throws {NewerEntryError} if this version does not read its format.
 */
export function* sealedBatch(
  { bytes, ...batch }: SharedBatch,
  head: JournalHead,
): Work<SealedBatch> {
  const firstLogId = head.logId + 1;
  if (batch.firstLogId > firstLogId) {
    const lacking = batch.firstLogId === firstLogId + 1
      ? `the entry with logId ${firstLogId}`
      : `the entries from logId ${firstLogId} to ${batch.firstLogId - 1}`;
    throw new DamagedLogError(`the database lacks ${lacking}, and has later ones`);
  }
  function* read(start: ScanStart) {
    const scanner = new SegmentScanner(bytes, firstLogId, head.chain, start);
    return { scanned: yield* scanner.scanning(), scanner };
  }
  let { scanned, scanner } = yield* read("later");
  const opensSegment = scanned?.entries[0]?.eventType === "journal.SegmentOpened";
  // Scans again as an opening, to check the format version and the previous chain.
  if (opensSegment) ({ scanned, scanner } = yield* read("opening"));
  const isWhole = scanned?.chain === batch.chain && scanned.lastLogId === batch.lastLogId &&
    scanner.end === bytes.length;
  if (scanned !== undefined && isWhole) {
    return { ...scanned, bytes, opensSegment, previousChain: head.chain };
  }
  const { flaw } = scanner;
  if (flaw?.byNewerVersion === true) throw new NewerEntryError(flaw.logId, flaw.reason);
  const reason = flaw?.reason ?? "its chain or its positions differ";
  throw new DamagedLogError(
    `the batch at logId ${firstLogId} in the database is not what was written: ${reason}`,
  );
}

/** Appends to the shared log first, and then to this process's copy. */
export class SharedSink implements BatchSink {
  constructor(private readonly log: SharedLog, private readonly copy: BatchSink) {}

  async write(batch: SealedBatch, holdUp: boolean): Promise<void> {
    await this.log.append(batch);
    try {
      await this.copy.write(batch, holdUp);
    } catch (error) {
      // The batch is durable in the shared log, so a full disk must not be reported as a lost
      // batch; the next start fetches it.
      const reason = error instanceof JournalFullError
        ? missingRoom(error.cause)
        : errorMessage(error);
      throw new Error(`they are in the database, but not in this folder: ${reason}`, {
        cause: error,
      });
    }
  }
}

interface FollowerParts {
  readonly shared: SharedJournal;
  readonly recorder: Pick<
    Recorder,
    "head" | "nextLogId" | "batchOf" | "adopt" | "confirm" | "fail" | "sealLater" | "close"
  >;
  readonly clock: Pick<Clock, "monotonic" | "pause" | "setTimer">;
  /** Why this version cannot read an entry, if so. */
  readonly refuse: JournalConsumer["refuse"];
  /** The id of the first entry of the copy. */
  readonly firstEventId: () => Promise<string | undefined>;
  /** Stores a batch in the copy. */
  readonly store: (batch: SealedBatch) => Promise<void>;
}

/** Entries of a large batch that are checked between two pauses. */
const ENTRIES_PER_PAUSE = 1_000;

/** How often this process tries to take the lead. */
const TAKE_EVERY_MS = 250;

/** How long a stop waits for the shared log, which may not answer for hours. */
const CLOSE_MS_MAX = 10_000;

/** Keeps the copy of this process complete until it may lead. */
export class Follower {
  #isEnded = false;
  #leads = false;

  constructor(private readonly parts: FollowerParts) {}

  /**
   * Fetches the entries that the copy lacks, while the journal is opened.
   *
   * @throws {OtherJournalError} if the log holds another journal.
   * @throws {LostHistoryError} if the copy has entries that the log does not have.
   * @throws {DamagedLogError} if a batch is damaged.
   * @throws {NewerEntryError} if this version cannot read an entry.
   */
  async catchUp(): Promise<void> {
    let fetched: boolean;
    do fetched = await this.#fetch("found"); while (fetched);
  }

  /**
   * Fetches what the leader records until this process leads. Throws the same errors as `catchUp`.
   *
   * @returns The position of the `journal.WriterOpened` entry; `undefined` if `end` was called
   * first.
   */
  async untilLead(): Promise<LogId | undefined> {
    for (;;) {
      const why = await this.#untilTurn();
      if (why === undefined) return undefined;
      if (await this.#claim()) return await this.#lead(why);
      await this.parts.shared.turn.pass();
    }
  }

  /** @returns Why this process may lead. */
  async #untilTurn(): Promise<WhyLeading | undefined> {
    const { shared: { log, turn }, recorder, clock } = this.parts;
    let why: WhyLeading | undefined;
    for (let lookAtMs = -Infinity, heard = false; !this.#isEnded;) {
      if (!heard || clock.monotonic() >= lookAtMs) {
        why = await turn.take();
        lookAtMs = clock.monotonic() + TAKE_EVERY_MS;
      }
      // Batches of the last leader may still arrive while the lead changes.
      const fetched = await this.#fetch("news");
      if (!fetched && why !== undefined && !this.#isEnded) return why;
      heard = fetched || await log.news(recorder.head.logId, TAKE_EVERY_MS);
    }
    return undefined;
  }

  /** Whether this process appends. */
  get leads(): boolean {
    return this.#leads;
  }

  /** Of the shared log. */
  get silence(): Silence | undefined {
    const since = this.parts.shared.membership.silentSince;
    return since === null ? undefined : { of: "database", since };
  }

  /**
   * Makes `untilLead` end soon, and closes the recorder.
   *
   * @throws {JournalFailedError} if the shared log does not take the last entries, which are not
   * acknowledged.
   */
  async close(): Promise<void> {
    this.#isEnded = true;
    const { recorder, clock } = this.parts;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = clock.setTimer(CLOSE_MS_MAX, () => reject(untaken(recorder)));
    await Promise.race([recorder.close(), late]).finally(cancel);
  }

  async #fetch(as: "found" | "news"): Promise<boolean> {
    const { shared: { log, membership }, recorder } = this.parts;
    const { head } = recorder;
    const batches = await log.read(head.logId);
    // A failover of the database may lose entries that this process has, at any time.
    if (batches[0]?.previousChain !== head.chain) await this.#requireSame(as);
    const lastLogId = batches.length === 0 ? recorder.head.logId : await log.lastLogId();
    for (const batch of batches) {
      if (this.#isEnded) break;
      const sealed = await inTurns(this.#readable(batch, recorder.head), this.parts.clock);
      await this.#adopt(sealed, as);
      membership.copied(recorder.head.logId, lastLogId);
    }
    if (batches.length === 0) membership.copied(recorder.head.logId, lastLogId);
    return batches.length > 0;
  }

  async #requireSame(as: "found" | "news"): Promise<void> {
    const { shared: { log }, recorder: { head }, firstEventId } = this.parts;
    const isSame = async () => await log.chainAt(head.logId) === head.chain;
    if (head.logId === 0 || await isSame()) return;
    // Once a process follows, its folder is known to be a copy of this journal.
    const [own, first] = as === "news" ? [] : [await firstEventId(), await firstIn(log)];
    if (own !== undefined && first !== undefined && own !== first) {
      throw new OtherJournalError(own, first);
    }
    const lastLogId = await log.lastLogId();
    // Meanwhile the leader may have recorded again what the failover took from it.
    if (lastLogId >= head.logId && await isSame()) return;
    const misnamed = lastLogId > 0 ? "" : "; or the address names another journal";
    throw new LostHistoryError(
      lastLogId < head.logId
        ? missingEntries(lastLogId, head.logId) + misnamed
        : `the folder of this process and the database differ at logId ${head.logId}: a failover ` +
          "replaced entries with others",
    );
  }

  /** An unreadable entry would be projected wrongly, and this process may lead next. */
  *#readable(batch: SharedBatch, head: JournalHead): Work<SealedBatch> {
    const sealed = yield* sealedBatch(batch, head);
    for (const entry of sealed.entries) {
      if (entry.logId % ENTRIES_PER_PAUSE === 0) yield;
      const reason = this.parts.refuse(entry);
      if (reason !== undefined) throw new NewerEntryError(entry.logId, reason);
    }
    return sealed;
  }

  async #adopt(batch: SealedBatch, as: "found" | "news"): Promise<void> {
    await this.parts.store(batch);
    await this.parts.recorder.adopt(batch, as);
  }

  /** Records that this process leads; `false` if another process appended first. */
  async #claim(): Promise<boolean> {
    const { shared: { log, membership }, recorder } = this.parts;
    const batch = recorder.batchOf({
      stratum: "framework",
      eventType: "journal.WriterOpened",
      attributes: { ...membership.self },
    });
    try {
      await log.append(batch);
    } catch (error) {
      if (error instanceof OvertakenError) return false;
      throw error;
    }
    await this.#adopt(batch, "news");
    return true;
  }

  async #lead(why: WhyLeading): Promise<LogId> {
    const { shared: { membership, turn }, recorder } = this.parts;
    membership.leads(why);
    recorder.sealLater();
    await turn.lead({
      doubted: () => recorder.confirm(),
      lost: (error) => recorder.fail(failure(error)),
    });
    this.#leads = true;
    return recorder.head.logId;
  }
}

function untaken({ head, nextLogId }: FollowerParts["recorder"]): JournalFailedError {
  const count = counted(nextLogId - head.logId - 1, "entry", "entries");
  return new JournalFailedError(
    `Cannot record ${count} from logId ${head.logId + 1} on: the database has not answered for ` +
      `${durationText(CLOSE_MS_MAX)}, so whether it has them is unknown`,
  );
}

function failure(cause: Error): JournalFailedError {
  return new JournalFailedError(`Cannot record anything: ${cause.message}`, { cause });
}

/** The id of the first entry of a log; `undefined` if there is none, or it cannot be read. */
async function firstIn(log: SharedLog): Promise<string | undefined> {
  const [batch] = await log.read(0);
  if (batch?.firstLogId !== 1) return undefined;
  return new SegmentScanner(batch.bytes, 1, "", "opening").next()?.entries[0]?.eventId;
}
