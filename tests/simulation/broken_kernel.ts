/** A kernel that is broken on purpose, in one place at a time, for as long as something plays. */

import type { LogId } from "../../src/core/ids.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { Attempts } from "../../src/engine/run/attempts.ts";
import { JobRun } from "../../src/engine/run/job_run.ts";
import { PauseControls } from "../../src/engine/run/pause_controls.ts";
import { Shares } from "../../src/engine/run/shares.ts";
import { WorkerQueue } from "../../src/engine/run/worker_queue.ts";
import { Commands } from "../../src/engine/writer/commands.ts";
import { LimitChanges } from "../../src/engine/writer/limit_changes.ts";
import { Writer } from "../../src/engine/writer/writer.ts";
import { type Break, replaced } from "../support/engine/replaced.ts";
import { SimulatedClock } from "./scheduler.ts";

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

/**
 * A refusal, or a duplicate, is told although what it rests on was lost. It waits for that all the
 * same: what looks for a reason that is not there yet would look for ever.
 */
export const refusalsDespiteLoss: Break = () =>
  replaced(Writer.prototype, "resting", {
    value: function (this: Writer, lastLogId: LogId, value: unknown) {
      return this.settled(lastLogId, value).catch((error) => {
        if (error instanceof JournalFullError) return value;
        throw error;
      });
    },
  });

/** A control is refused without waiting for what that rests on. */
export const refusalsToldAtOnce: Break = () => {
  const { run } = Commands.prototype;
  return replaced(Commands.prototype, "run", {
    value: function (this: Commands, ...args: Parameters<Commands["run"]>) {
      const resting = (_lastLogId: LogId, value: unknown) => Promise.resolve(value);
      const undo = replaced(Writer.prototype, "resting", { value: resting });
      // It decides before it waits for anything, so nobody else meets this.
      const refusal = run.apply(this, args);
      undo();
      return refusal;
    },
  });
};

/** Jobs that a full disk keeps from beginning are never asked for again. */
export const beginsForgotten: Break = () => {
  const { holdBeginning } = WorkerQueue.prototype;
  return replaced(WorkerQueue.prototype, "holdBeginning", {
    value: function (this: WorkerQueue) {
      holdBeginning.call(this, () => {});
    },
  });
};

/** Jobs that go on wait behind all that begin, for which a full disk has no room. */
export const beginningFirst: Break = () => {
  const { request } = WorkerQueue.prototype;
  return replaced(WorkerQueue.prototype, "request", {
    value: function (this: WorkerQueue, ...[wanted, grant]: Parameters<WorkerQueue["request"]>) {
      const priority = wanted.begins ? wanted.priority : Infinity;
      return request.call(this, { ...wanted, priority, begins: true }, grant);
    },
  });
};

/** What a run of a start that is lost holds stays held. */
export const runsLeftOver: Break = () => replaced(JobRun.prototype, "drop", { value: () => {} });

/** How an attempt ended is gone when its batch is lost. */
export const endsForgotten: Break = () => {
  const { append } = Writer.prototype;
  return replaced(Writer.prototype, "append", {
    value: function (this: Writer, ...[drafts, urgency, options]: Parameters<Writer["append"]>) {
      const { receivedAt } = options ?? {};
      return append.call(this, drafts, urgency, receivedAt === undefined ? {} : { receivedAt });
    },
  });
};

/** A start does not know who had a place when the process was killed. */
export const placesForgotten: Break = () =>
  replaced(Shares.prototype, "restore", { value: () => {} });

/** Limits that somebody changed are not in the snapshots. */
export const changedLimitsForgotten: Break = () =>
  replaced(LimitChanges.prototype, "restore", { value: () => {} });

/** A start tells of the pauses on record, and nothing is held by them. */
export const pausesNotTakenUp: Break = () =>
  replaced(PauseControls.prototype, "start", { value: () => Promise.resolve() });

/** Plays with something broken, and mends it. */
export async function broken<Result>(how: Break, play: () => Promise<Result>): Promise<Result> {
  const undo = how();
  try {
    return await play();
  } finally {
    undo();
  }
}

/** What waits goes by the time of day, which somebody may set. */
export const measuringTheTimeOfDay: Break = () =>
  replaced(SimulatedClock.prototype, "monotonic", { value: SimulatedClock.prototype.now });
