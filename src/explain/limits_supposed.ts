/** Limits that a what-if supposes instead of those in force. */

import { durationText } from "../core/duration.ts";
import type { PlaceLimits } from "../core/place_limits.ts";

const NAMES = ["maxRunning", "perKey", "rate"] as const;
type LimitName = typeof NAMES[number];

/** Absent limits stay as they are in force; `null` means no limit. */
export type SupposedLimits = {
  readonly [Name in LimitName]?: NonNullable<PlaceLimits[Name]> | null;
};

/** The limits that would be in force. */
export function withSupposed(inForce: PlaceLimits, supposed: SupposedLimits): PlaceLimits {
  const all = { ...inForce, ...supposed };
  const given = NAMES.flatMap((name) => all[name] == null ? [] : [[name, all[name]]]);
  return Object.fromEntries(given);
}

/** `With maxRunning 6 instead of 5`, `With no perKey instead of 2`. */
export function insteadText(inForce: PlaceLimits, supposed: SupposedLimits): string {
  const texts = NAMES.flatMap((name) => {
    const one = supposed[name];
    if (one === undefined) return [];
    const instead = `instead of ${limitText(inForce[name]) ?? "none"}`;
    return [one === null ? `no ${name} ${instead}` : `${name} ${limitText(one)} ${instead}`];
  });
  return `With ${texts.join(" and ")}`;
}

function limitText(limit: PlaceLimits[LimitName]): string | undefined {
  if (limit === undefined || typeof limit === "number") return limit?.toString();
  return `${limit.count} per ${durationText(limit.perMs)}`;
}
