/** Why a database cannot hold a journal. */

import { JournalUnusableError } from "../journal/errors.ts";
import type { Place } from "./place.ts";

/** The database cannot be used as it is. Each reason has its own exit code. */
export class UnfitDatabaseError extends JournalUnusableError {
  override readonly name = "UnfitDatabaseError";

  constructor(place: Place, reason: string, override readonly exitCode: number, cause?: unknown) {
    super("use", place.shown, reason, cause);
  }
}

const EXIT_DENIED = 77;

/** The database denies access. */
export class AccessDeniedError extends UnfitDatabaseError {
  constructor(place: Place, reason: string, cause: unknown) {
    super(place, reason, EXIT_DENIED, cause);
  }
}

/** SQLSTATEs for users, privileges, databases and schemas. */
export const ACCESS_DENIED = /^(?:28...|3D000|3F000|42501)$/;
