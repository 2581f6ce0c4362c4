/** Describes who leads a shared journal, since when and why. */

import { counted } from "../core/counted.ts";
import { durationText } from "../core/duration.ts";
import { oneLine } from "../core/shown_value.ts";
import type { DatabaseInForce, Standing, WhyLeading } from "../core/standing.ts";

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

/** `leads since 2026-...: the session of the previous leader had ended`. */
export function roleText(standing: Standing): string {
  const { databaseSilentSince: silentSince } = standing;
  const silence = silentSince === null
    ? ""
    : `; the database has not answered since ${silentSince}`;
  return `${ownRoleText(standing)}${silence}`;
}

function ownRoleText({ role, since, leader, why, copy }: Standing): string {
  if (role === "leading") return `leads since ${since}${why === null ? "" : `: ${WHY[why]}`}`;
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
