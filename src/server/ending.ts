/**
 * How a server ends: the first signal drains it, a second one ends it at once; and with which message
 * and exit code, if its journal cannot be used.
 */

import { EXIT } from "../core/exit_codes.ts";
import { counted } from "../core/counted.ts";
import { durationText } from "../core/duration.ts";
import type { Daybook } from "./daybook.ts";
import type { Listener } from "./listener.ts";
import { onStopSignal } from "./system.ts";
import {
  JournalDamagedError,
  JournalLockedError,
  JournalUnusableError,
} from "../journal/errors.ts";
import { SharedLogError } from "../journal/write/shared_log.ts";
import { UnfitDatabaseError } from "../postgres/place.ts";
import type { Configuration } from "../settings/configuration.ts";
import { withStart } from "../settings/permission_advice.ts";

/** The action of the first signal. */
let stop: (() => Promise<void>) | undefined;

export function stopOnSignal(how: () => Promise<void>): void {
  if (stop === undefined) onStopSignal(async () => await stop?.());
  stop = how;
}

/**
 * A leader drains, and seals the journal.
 *
 * @throws {Error} if it could not stop cleanly.
 */
export async function stopInOrder(
  daybook: Daybook,
  server: Listener,
  drainMs: number,
  warn: (message: string) => void,
): Promise<void> {
  warn(stoppingText(daybook.engine.activity.busyWorkers, drainMs));
  await daybook.stop(() => server.shutdown());
  warn(stoppedText(daybook));
}

function stoppingText(busyWorkers: number, drainMs: number): string {
  if (busyWorkers === 0) return "stopping";
  const jobs = counted(busyWorkers, "running job");
  return `stopping: ${jobs} may take ${durationText(drainMs)} to end; ` +
    "a second signal ends the process now";
}

function stoppedText({ leads, journal }: Daybook): string {
  const { logId } = journal.head;
  if (leads) {
    return logId === 0 ? "stopped; the journal is empty" : "stopped, and the journal is sealed";
  }
  return logId === 0 ? "stopped; it has no copy" : `stopped; the copy ends at logId ${logId}`;
}

interface JournalFailure {
  readonly text: string;
  readonly exitCode: number;
}

type Place = Pick<Configuration, "folder" | "database">;

/** Why a journal cannot be opened; `undefined` for any other error. */
export function openingFailure(
  error: unknown,
  { folder, database }: Place,
): JournalFailure | undefined {
  if (error instanceof JournalUnusableError) {
    return { text: unusableText(error, folder), exitCode: error.exitCode };
  }
  if (error instanceof JournalDamagedError) {
    const text = error.messageFor(folder, database !== undefined);
    return { text, exitCode: error.exitCode };
  }
  if (error instanceof JournalLockedError) return { text: error.message, exitCode: error.exitCode };
  if (!(error instanceof SharedLogError)) return undefined;
  return { text: `Cannot use the journal: ${error.message}`, exitCode: error.exitCode };
}

/** Why a running journal no longer accepts entries. */
export function runningFailure(
  { cause, message }: Error,
  { folder, database }: Place,
): JournalFailure {
  if (cause instanceof SharedLogError || cause instanceof UnfitDatabaseError) {
    return { text: `${cause.message}; stopping`, exitCode: cause.exitCode };
  }
  if (cause instanceof JournalDamagedError) {
    const damage = cause.messageFor(folder, database !== undefined);
    const text = `${damage}; stopping, since the served state may be wrong`;
    return { text, exitCode: cause.exitCode };
  }
  const text = `${message}; stopping, because only the next start can tell what is on disk`;
  return { text, exitCode: EXIT.storageFailed };
}

function unusableText(error: JournalUnusableError, journal: string): string {
  if (!(error.cause instanceof Deno.errors.NotCapable)) return error.message;
  return withStart(error.message, { read: [journal], write: [journal] });
}
