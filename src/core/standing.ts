/** The part of one process in a journal that several share. */

import type { LogId } from "./ids.ts";

/** One process of those that share a journal. */
export interface Writer {
  /** Tells it from others. */
  readonly writer: string;
  /** Where others reach it. */
  readonly url: string;
}

/**
 * Why a process leads. `first`: nobody had led before. `ended`: the session of the leader before had
 * ended. `silent`: that leader had said nothing for too long, and its session was ended.
 */
export type WhyLeading = "first" | "ended" | "silent";

/** What the database was found to promise, looked at each second. */
export interface DatabaseInForce {
  /** Its address, without the password. */
  readonly address: string;
  /** Whether a synchronous standby has to be there. */
  readonly standbyDemanded: boolean;
  /** Synchronous standbys that are connected; `null` where this user may not know. */
  readonly standbys: number | null;
  readonly settings: Readonly<Record<string, string>>;
}

export interface Standing {
  readonly role: "leading" | "following";
  /** Since when, in RFC 3339. */
  readonly since: string;
  /** `null` while none is known. */
  readonly leader: Writer | null;
  /** `null` while it follows. */
  readonly why: WhyLeading | null;
  /** How far the copy of a follower is; `null` while this process leads. */
  readonly copy: {
    readonly logId: LogId;
    /** Of those that were there at the last look. */
    readonly entriesBehind: number;
    /** Since when it was last known to be complete, in milliseconds. */
    readonly msBehind: number;
  } | null;
  /** `null` until it is known. */
  readonly database: DatabaseInForce | null;
}
