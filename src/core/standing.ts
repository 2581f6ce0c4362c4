/**
 * The role of one process among those that share a journal, and its description: since when and why.
 */

import { counted } from "./counted.ts";
import { durationText } from "./duration.ts";
import type { FrameworkAttributes } from "./framework_events.ts";
import type { LogId } from "./ids.ts";
import { oneLine } from "./shown_value.ts";

/** One process of those that share a journal. */
export type Writer = FrameworkAttributes["journal.WriterOpened"];

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

const WHY: Readonly<Record<WhyLeading, string>> = {
  first: "no process had led this journal before",
  ended: "the session of the previous leader had ended",
  silent: "the previous leader had been silent for too long",
};

/** The text that a start prints. */
export function standingLines(standing: Standing): readonly string[] {
  const { database } = standing;
  return [roleText(standing), ...(database === null ? [] : [databaseText(database)])];
}

/** `has led since 2026-...: the session of the previous leader had ended`. */
export function roleText(standing: Standing): string {
  const { databaseSilentSince: silentSince } = standing;
  const silence = silentSince === null
    ? ""
    : `; the database has not answered since ${silentSince}`;
  return `${ownRoleText(standing)}${silence}`;
}

function ownRoleText({ role, since, leader, why, copy }: Standing): string {
  if (role === "leading") return `has led since ${since}${why === null ? "" : `: ${WHY[why]}`}`;
  const whom = leader === null
    ? "knows no leader"
    : `follows ${oneLine(leader.url)} (${oneLine(leader.writer)})`;
  if (copy === null) return `${whom}, since ${since}`;
  const entries = counted(copy.entriesBehind, "entry", "entries");
  return `${whom}, since ${since}; at logId ${copy.logId}, behind by ${entries} and ` +
    durationText(copy.msBehind);
}

/** `postgres://...: fsync on, ...; a synchronous standby is required, and 1 is connected`. */
export function databaseText(database: DatabaseInForce): string {
  const { address, settings, standbyDemanded, standbys } = database;
  const named = Object.entries(settings).map(([name, value]) =>
    `${name} ${value === "" ? "empty" : oneLine(value)}`
  );
  const demand = `a synchronous standby is ${standbyDemanded ? "" : "not "}required`;
  const connected = standbys === null
    ? ""
    : `, and ${standbys === 0 ? "none" : standbys} ${standbys > 1 ? "are" : "is"} connected`;
  const waits = standbyDemanded && standbys === 0 ? ": writes wait" : "";
  return `${oneLine(address)}: ${named.join(", ")}; ${demand}${connected}${waits}`;
}
