/** A kernel that is broken on purpose, in one place at a time, during a play. */

import type { LogId } from "../../src/core/ids.ts";
import { type Journal, type JournalConsumer, JournalFullError } from "../../src/engine/ports.ts";
import { Attempts } from "../../src/engine/run/attempts/attempts.ts";
import { JobRun } from "../../src/engine/run/call/job_run.ts";
import { PauseControls } from "../../src/engine/run/queue/pause_controls.ts";
import { Shares } from "../../src/engine/run/queue/shares.ts";
import { WorkerQueue } from "../../src/engine/run/queue/worker_queue.ts";
import { Commands } from "../../src/engine/writer/commands.ts";
import { InForce } from "../../src/engine/writer/in_force.ts";
import { JobRecord } from "../../src/engine/writer/job_record.ts";
import { Writer } from "../../src/engine/writer/writer.ts";
import { type Break, replaced } from "../support/engine/replaced.ts";
import { SimulatedClock } from "./scheduler.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { withAppend } from "./engine_ports.ts";

/** A handler is called as soon as the start of its attempt was appended. */
export const handlersBeforeTheirStart: Break = () => {
  const { start } = Attempts.prototype;
  return replaced(Attempts.prototype, "start", {
    value: function (this: Attempts, ...works: Parameters<Attempts["start"]>) {
      const started = start.apply(this, works);
      const undo = replaced(Writer.prototype, "durableLogId", { get: () => Infinity });
      this.durable();
      undo();
      return started;
    },
  });
};

/** Every batch of several groups becomes visible in slices. This alone breaks nothing. */
export const smallSlices: Break = () => replaced(Writer, "SLICE_ENTRIES", { value: 1 });

/** The same, and a handler is called although a later slice has more of its job. */
export const handlersBetweenSlices: Break = () => {
  const undo = [smallSlices(), replaced(JobRecord.prototype, "hiddenFrom", { value: Infinity })];
  return () => undo.forEach((each) => each());
};

/**
 * A refusal, or a duplicate, is answered although the entry it depends on was lost. It still waits
 * for that entry: a search for a missing reason would never end.
 */
export const refusalsDespiteLoss: Break = () =>
  replaced(Writer.prototype, "onceDurable", {
    value: function (this: Writer, lastLogId: LogId, value: unknown) {
      return this.whenDurable(lastLogId, value).catch((error) => {
        if (error instanceof JournalFullError) return value;
        throw error;
      });
    },
  });

/** A control is refused without waiting for the entries that the refusal depends on. */
export const refusalsToldAtOnce: Break = () => {
  const { execute } = Commands.prototype;
  return replaced(Commands.prototype, "execute", {
    value: function (this: Commands, ...args: Parameters<Commands["execute"]>) {
      const onceDurable = (_lastLogId: LogId, value: unknown) => Promise.resolve(value);
      const undo = replaced(Writer.prototype, "onceDurable", { value: onceDurable });
      // It decides before it waits for anything, so nothing else is affected.
      const refusal = execute.apply(this, args);
      undo();
      return refusal;
    },
  });
};

/** Jobs that cannot start on a full disk are never tried again. */
export const beginsForgotten: Break = () => {
  const { holdBeginning } = WorkerQueue.prototype;
  return replaced(WorkerQueue.prototype, "holdBeginning", {
    value: function (this: WorkerQueue) {
      holdBeginning.call(this, () => {});
    },
  });
};

/** Continuing jobs wait behind starting ones, for which a full disk has no room. */
export const beginningFirst: Break = () => {
  const { request } = WorkerQueue.prototype;
  return replaced(WorkerQueue.prototype, "request", {
    value: function (this: WorkerQueue, ...[wanted, grant]: Parameters<WorkerQueue["request"]>) {
      const priority = wanted.begins ? wanted.priority : Infinity;
      return request.call(this, { ...wanted, priority, begins: true }, grant);
    },
  });
};

/** What the run of a lost start holds is not released. */
export const runsLeftOver: Break = () => replaced(JobRun.prototype, "drop", { value: () => {} });

/** The outcome of an attempt is forgotten if its batch is lost. */
export const endsForgotten: Break = () => {
  const { append } = Writer.prototype;
  return replaced(Writer.prototype, "append", {
    value: function (this: Writer, ...[drafts, urgency, options]: Parameters<Writer["append"]>) {
      const { receivedAt } = options ?? {};
      return append.call(this, drafts, urgency, receivedAt === undefined ? {} : { receivedAt });
    },
  });
};

/** A start forgets which jobs had places when the process was killed. */
export const placesForgotten: Break = () =>
  replaced(Shares.prototype, "restore", { value: () => {} });

/** Changed limits are missing in snapshots. */
export const changedLimitsForgotten: Break = () => {
  const { restore } = InForce.prototype;
  return replaced(InForce.prototype, "restore", {
    value: function (this: InForce<object>, all: readonly object[]) {
      if (!all.some((one) => "limits" in one)) restore.call(this, all);
    },
  });
};

/** A start reports the recorded pauses, but they hold nothing. */
export const pausesNotTakenUp: Break = () =>
  replaced(PauseControls.prototype, "start", { value: () => Promise.resolve() });

/** Plays with something broken, and restores it. */
export async function broken<Result>(how: Break, play: () => Promise<Result>): Promise<Result> {
  const undo = how();
  try {
    return await play();
  } finally {
    undo();
  }
}

/** Waits use the time of day, which may be set. */
export const measuringTheTimeOfDay: Break = () =>
  replaced(SimulatedClock.prototype, "monotonic", { value: SimulatedClock.prototype.now });

// An engine that is broken on purpose: it continues from entries that are not on disk yet.

/** Publishes each group as soon as it has positions, and reports it as durable. */
export function publishingBeforeDurable(inner: JournalConsumer) {
  let published = 0;
  const publish = (entries: readonly JobEventLogEntry[]) => {
    const news = entries.filter(({ logId }) => logId > published);
    if (news.length === 0) return;
    published = news[news.length - 1]?.logId ?? published;
    inner.durable(news);
  };
  const consumer: JournalConsumer = {
    restore: (lines) => inner.restore(lines),
    replay: (entry) => inner.replay(entry),
    durable: publish,
    lost: (error) => inner.lost(error),
    capture: (head) => inner.capture(head),
    refuse: (entry) => inner.refuse(entry),
    failed: (error) => inner.failed(error),
  };
  const journal = (files: Journal) =>
    withAppend(files, (group, urgency, receivedAt) => {
      const { entries, durable } = files.append(group, urgency, receivedAt);
      durable.catch(() => {});
      return { entries, durable: Promise.resolve().then(() => publish(entries)) };
    });
  return { consumer, journal };
}
