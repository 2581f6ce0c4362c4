/**
 * The address of a journal in a database, such as
 * `postgres://user@host/database?journal=shop&sync=1`, and why such a database cannot be used.
 */

import { JournalUnusableError } from "../journal/errors.ts";

export interface Place {
  /** For the driver, including its own parameters. The password may come from `PGPASSWORD`. */
  readonly url: string;
  /** Several journals may share a database. */
  readonly journal: string;
  /** Whether a synchronous standby is required. */
  readonly needsStandby: boolean;
  /** Without the password, for messages. */
  readonly shown: string;
}

/** Whether the text is the address of a database rather than a folder. */
export function namesDatabase(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text);
}

/** @throws {TypeError} saying what is wrong with the text. */
export function placeIn(text: string): Place {
  const url = URL.parse(text);
  if (url === null) throw new TypeError("is not an address of PostgreSQL");
  const journal = url.searchParams.get("journal") ?? "daybook";
  const sync = url.searchParams.get("sync") ?? "0";
  if (!/^[a-z0-9_-]{1,63}$/.test(journal)) {
    throw new TypeError("must have a journal of up to 63 of a-z, 0-9, _ and -");
  }
  if (!["0", "1"].includes(sync)) throw new TypeError("must have sync=0 or sync=1");
  url.searchParams.delete("journal");
  url.searchParams.delete("sync");
  const place = { url: url.href, journal, needsStandby: sync === "1" };
  if (url.password !== "") url.password = "...";
  return { ...place, shown: `${url.href}${url.search === "" ? "?" : "&"}journal=${journal}` };
}

/** The database cannot be used as it is. Each kind of reason has its own exit code. */
export class UnfitDatabaseError extends JournalUnusableError {
  override readonly name = "UnfitDatabaseError";

  constructor(place: Place, reason: string, override readonly exitCode: number, cause?: unknown) {
    super("use", place.shown, reason, cause);
  }
}
