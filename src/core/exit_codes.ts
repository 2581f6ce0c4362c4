/**
 * The exit codes of all programs, mostly those of sysexits.h. The help of each program and command
 * says which ones it has, and what they mean there.
 */
export const EXIT = {
  ok: 0,
  /** The command succeeded, and its result is negative; or the awaited job failed. */
  negative: 1,
  /** The awaited job was cancelled. */
  cancelled: 2,
  usage: 64,
  /** The server refused the request. */
  refused: 65,
  /** The journal is not damaged, but this version, or this folder, cannot continue it. */
  otherJournal: 65,
  /** A database has no tables for a journal, and this user may not create them. */
  noTables: 66,
  /** The server cannot be reached. */
  unavailable: 69,
  /** The address is in use, or must not be used. */
  cannotListen: 69,
  /** A bug in this program. */
  defect: 70,
  /** The running journal failed. */
  storageFailed: 70,
  /** A pooler gives no session of its own. */
  pooler: 72,
  /** Another process holds the journal, or leads it. */
  taken: 73,
  /** A file, or the journal, cannot be read or written. */
  unreadable: 74,
  /** Code of a job blocked or ended the process; a supervisor starts it again. */
  endedByCode: 75,
  /** Settings or tables of a database may lose what was acknowledged. */
  unsafe: 76,
  /** A database denies access. */
  denied: 77,
  damaged: 78,
  /** As of timeout(1). */
  timedOut: 124,
  /** As of a program that an interrupt ends. */
  interrupted: 130,
  /** As of a process ended by SIGPIPE: its output has no reader. */
  pipeClosed: 141,
} as const;
