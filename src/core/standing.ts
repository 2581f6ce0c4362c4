/** The role of one process among those that share a journal. */

import type { LogId } from "./ids.ts";

/** One process of those that share a journal. */
export interface Writer {
  /** Identifies the process. */
  readonly writer: string;
  /** The address at which the others reach it. */
  readonly url: string;
}

/**
 * Why a process leads. `first`: no process had led before. `ended`: the session of the previous
 * leader had ended. `silent`: the previous leader had been silent for too long, and its session was
 * ended.
 */
export type WhyLeading = "first" | "ended" | "silent";

/** What the database guarantees, checked every second. */
export interface DatabaseInForce {
  /** Its address, without the password. */
  readonly address: string;
  /** Whether a synchronous standby is required. */
  readonly standbyDemanded: boolean;
  /** Connected synchronous standbys; `null` if this user may not see them. */
  readonly standbys: number | null;
  readonly settings: Readonly<Record<string, string>>;
}

export interface Standing {
  readonly role: "leading" | "following";
  /** RFC 3339. */
  readonly since: string;
  /** `null` while none is known. */
  readonly leader: Writer | null;
  /** `null` while it follows. */
  readonly why: WhyLeading | null;
  /** How up to date a follower's copy is; `null` while this process leads. */
  readonly copy: {
    readonly logId: LogId;
    /** Compared with the end of the journal at the last check. */
    readonly entriesBehind: number;
    /** Milliseconds since the copy was last known to be complete. */
    readonly msBehind: number;
  } | null;
  /** RFC 3339; `null` while the database answers this process. */
  readonly databaseSilentSince: string | null;
  /** `null` until it is known. */
  readonly database: DatabaseInForce | null;
}
