/** Errors that keep a journal from being opened or used. Each has the exit code of the process. */

import { EXIT } from "../core/exit_codes.ts";
import { isOutOfDescriptors } from "../core/thrown.ts";
import { lackText } from "../core/permissions.ts";
import { JournalFailedError } from "../engine/ports.ts";
import { shellWord } from "../core/shell_word.ts";
import { DEFAULT_FOLDER } from "./layout.ts";

/** The flag for commands, such as ` --journal /data/j`; empty for the default folder. */
export function journalFlag(folder: string): string {
  return folder === DEFAULT_FOLDER ? "" : ` --journal ${shellWord(folder)}`;
}

/** Where a journal is damaged. */
export interface JournalLocation {
  /** File name of the segment. */
  readonly segment: string;
  /** Bytes from the start of the segment. */
  readonly offset: number;
  /** The position of the entry that is, or should be, there. */
  readonly logId: number;
}

/** Where and how a journal is damaged. */
export interface Damage extends JournalLocation {
  readonly reason: string;
  /** Whether the segment is fine but too new for this version. */
  readonly byNewerVersion: boolean;
}

function adviceFor(folder: string): string {
  const flag = journalFlag(folder);
  return `. \`deno task journal verify${flag}\` lists what is damaged; ` +
    `\`deno task journal repair${flag}\` says what can be kept, and copies everything aside ` +
    "before it changes anything";
}

const CANNOT = "Cannot use the journal: ";

/** A repair or another download would not make it readable. */
const NEWER_ADVICE = "; use a newer version";

function copyAdvice(folder: string): string {
  return `. This folder is a copy of the journal in the database: move ${folder} away, and the ` +
    "next start downloads it again";
}

/** The journal is damaged, or this version cannot read it. */
export class JournalDamagedError extends JournalFailedError {
  /** For logs. */
  override readonly name = "JournalDamagedError";
  /** The exit code of a process that this error ends, or keeps from starting. */
  readonly exitCode: number;
  /** File name of the segment. */
  readonly segment: string;
  /** Bytes from the start of the segment. */
  readonly offset: number;
  /** The position of the entry that is, or should be, there. */
  readonly logId: number;
  /** The place and the reason, without advice. */
  override readonly damage: string;
  readonly #byNewerVersion: boolean;

  /**
   * Created by the journal.
   *
   * @param byNewerVersion Whether it is not damaged, but too new for this version.
   */
  constructor(location: JournalLocation, reason: string, byNewerVersion = false) {
    const { segment, offset, logId } = location;
    const damage = `segment ${segment} at byte ${offset} (logId ${logId}): ${reason}`;
    super(CANNOT + damage + (byNewerVersion ? NEWER_ADVICE : adviceFor(DEFAULT_FOLDER)));
    this.damage = damage;
    this.#byNewerVersion = byNewerVersion;
    this.exitCode = byNewerVersion ? EXIT.otherJournal : EXIT.damaged;
    this.segment = segment;
    this.offset = offset;
    this.logId = logId;
  }

  /**
   * The message, with commands for the journal in this folder: without a flag they would repair
   * another.
   *
   * @param isCopy Whether the folder is a copy of a shared journal: repaired, it would differ.
   */
  messageFor(folder: string, isCopy = false): string {
    const what = CANNOT + this.damage;
    if (this.#byNewerVersion) return what + NEWER_ADVICE;
    return what + (isCopy ? copyAdvice(folder) : adviceFor(folder));
  }
}

/** Another process has the journal open. */
export class JournalLockedError extends Error {
  /** For logs. */
  override readonly name = "JournalLockedError";
  /** The exit code of a process that this error keeps from starting. */
  readonly exitCode: number = EXIT.taken;

  /**
   * Created by the journal.
   *
   * @param url The address that the process that holds the journal has announced.
   */
  constructor(folder: string, url: string | undefined) {
    const where = url === undefined ? "" : `, which listens on ${url}`;
    super(`Cannot open journal ${folder}: another process holds it${where}`);
  }
}

/** A file or folder of the journal cannot be read or written. */
export class JournalUnusableError extends Error {
  /** For logs. */
  override readonly name: string = "JournalUnusableError";
  /** The exit code of a process that this error keeps from starting. */
  readonly exitCode: number = EXIT.unreadable;
  /** The file or folder. */
  readonly path: string;

  /** Created by the journal. */
  constructor(action: string, path: string, reason: string, cause?: unknown) {
    super(`Cannot ${action} ${path}: ${reason}`, { cause });
    this.path = path;
  }
}

/**
 * A file among the segments is not a segment. As with damage, the start does not guess what it is.
 */
export class ForeignFileError extends JournalUnusableError {
  override readonly name = "ForeignFileError";
  override readonly exitCode: number = EXIT.damaged;

  constructor(path: string, reason: string) {
    super("use", path, reason);
  }
}

/**
 * Runs a file operation while the journal is opened.
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
    if (isJournalError(error)) throw error;
    throw new JournalUnusableError(action, path, failureReason(error, path), error);
  }
}

/** The message of an error; for what is missing, names the folder or the flag that it takes. */
export function failureReason(error: unknown, path: string): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message } = error;
  if (name === "NotCapable") {
    return lackText({ [message.includes("write access") ? "write" : "read"]: [path] });
  }
  if (name === "NotFound" && message.includes(": mkdir ")) {
    return "the folder that it would be in does not exist";
  }
  // Deno adds the path, which is named already.
  const [said = message] = message.split(/: \w+ '/, 1);
  return name === "PermissionDenied"
    ? `${said}: the user that runs Daybook may not; check its owner and its mode`
    : said;
}

const FULL_CODES = new Set<unknown>(["ENOSPC", "EDQUOT", "EFBIG"]);
const FULL_MESSAGE = /\(os error (?:27|28|122)\)/;

/**
 * Whether an operation failed for lack of a resource: disk space, quota, file size limit, or file
 * descriptors. It may succeed later.
 */
export function isOutOfRoom(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isOutOfDescriptors(error)) return true;
  return ("code" in error && FULL_CODES.has(error.code)) || FULL_MESSAGE.test(error.message);
}

/** Which resource is missing, in words. */
export function missingRoom(error: unknown): string {
  return isOutOfDescriptors(error) ? "no file descriptor is left" : "the disk is full";
}

function isJournalError(error: unknown): boolean {
  return error instanceof JournalDamagedError || error instanceof JournalLockedError ||
    error instanceof JournalUnusableError;
}
