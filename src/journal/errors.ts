/** Why a journal cannot be opened. Each carries the exit code of the process. */

import { isOutOfDescriptors } from "../engine/descriptors.ts";
import { shellWord } from "../core/shell_word.ts";

const DEFAULT_FOLDER = "journal";

/** ` --journal /data/j`, or nothing where commands mean this one anyway. */
export function journalFlag(folder: string): string {
  return folder === DEFAULT_FOLDER ? "" : ` --journal ${shellWord(folder)}`;
}

/** Where in a journal something is wrong. */
export interface JournalLocation {
  /** File name of the segment. */
  readonly segment: string;
  /** Bytes from the start of the segment. */
  readonly offset: number;
  /** The position that is, or should be, there. */
  readonly logId: number;
}

function adviceFor(folder: string): string {
  const flag = journalFlag(folder);
  return `\`deno task journal verify${flag}\` lists what is damaged; ` +
    `\`deno task journal repair${flag}\` says what can be kept, and copies everything aside ` +
    "before it changes anything";
}

/** Recorded data is not what was written, or not what this version understands. */
export class JournalDamagedError extends Error {
  /** For logs. */
  override readonly name = "JournalDamagedError";
  /** What a process that cannot start because of it exits with. */
  readonly exitCode = 78;
  /** File name of the segment. */
  readonly segment: string;
  /** Bytes from the start of the segment. */
  readonly offset: number;
  /** The position that is, or should be, there. */
  readonly logId: number;
  readonly #what: string;

  /** Made by the journal. */
  constructor(location: JournalLocation, reason: string) {
    const { segment, offset, logId } = location;
    const what = `Cannot use the journal: segment ${segment} at byte ${offset} ` +
      `(logId ${logId}): ${reason}`;
    super(`${what}. ${adviceFor("journal")}`);
    this.#what = what;
    this.segment = segment;
    this.offset = offset;
    this.logId = logId;
  }

  /** The message, with commands for the journal in this folder: they would mend another. */
  messageFor(folder: string): string {
    return `${this.#what}. ${adviceFor(folder)}`;
  }
}

/** Another process has the journal open. */
export class JournalLockedError extends Error {
  /** For logs. */
  override readonly name = "JournalLockedError";
  /** What a process that cannot start because of it exits with. */
  readonly exitCode = 73;

  /**
   * Made by the journal.
   *
   * @param url Where the process that holds it says that it listens.
   */
  constructor(folder: string, url?: string) {
    const where = url === undefined ? "" : `, which listens on ${url}`;
    super(`Cannot open journal ${folder}: another process holds it${where}`);
  }
}

/** The files cannot be read or written. */
export class JournalUnusableError extends Error {
  /** For logs. */
  override readonly name: string = "JournalUnusableError";
  /** What a process that cannot start because of it exits with. */
  readonly exitCode: number = 74;
  /** The file or folder. */
  readonly path: string;

  /** Made by the journal. */
  constructor(action: string, path: string, reason: string, cause?: unknown) {
    super(`Cannot ${action} ${path}: ${reason}`, { cause });
    this.path = path;
  }
}

/** A file among the segments is not a segment: as with damage, nothing is guessed. */
export class ForeignFileError extends JournalUnusableError {
  override readonly name = "ForeignFileError";
  override readonly exitCode = 78;

  constructor(path: string, reason: string) {
    super("use", path, reason);
  }
}

/**
 * Runs a file operation of the start.
 *
 * @throws {JournalUnusableError} naming the path and the reason, when it fails.
 */
export async function orUnusable<Result>(
  action: string,
  path: string,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (isOurs(error)) throw error;
    throw new JournalUnusableError(action, path, failureReason(error, path), error);
  }
}

/** The words of an error, with the permission flag that would help where one is missing. */
export function failureReason(error: unknown, path: string): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name !== "NotCapable") return error.message;
  const access = error.message.includes("write access") ? "write" : "read";
  return `permission is missing, add --allow-${access}=${path}`;
}

const FULL_CODES = new Set<unknown>(["ENOSPC", "EDQUOT", "EFBIG"]);
const FULL_MESSAGE = /\(os error (?:27|28|122)\)/;

/**
 * Whether something failed for want of room: no space, no quota, a limit on file size, or no
 * descriptor left. The same may work later.
 */
export function isOutOfRoom(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isOutOfDescriptors(error)) return true;
  return ("code" in error && FULL_CODES.has(error.code)) || FULL_MESSAGE.test(error.message);
}

/** What there was no room for. */
export function missingRoom(error: unknown): string {
  return isOutOfDescriptors(error) ? "no file descriptor is left" : "the disk is full";
}

function isOurs(error: unknown): boolean {
  return error instanceof JournalDamagedError || error instanceof JournalLockedError ||
    error instanceof JournalUnusableError;
}
