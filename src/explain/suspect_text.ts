/** Describes how a suspect resembles what was expected, and why it did not count. */

import { type FrameworkEntry, isCorrelated, isRefused } from "../core/event.ts";
import { assertNever } from "../core/assert_never.ts";
import type { ExpectedEvent, PolicyRole } from "../core/job_plan.ts";
import { type Place, placePath, placesIn } from "./elsewhere.ts";
import { looseForm } from "./likeness/loose_form.ts";
import { insideForm, type Mismatch, mismatchesText } from "./mismatch.ts";
import type { OwnValue } from "./likeness/own_values.ts";
import type { Effect, Suspect } from "./likeness/suspect.ts";
import { toMatchable } from "../core/projector.ts";
import { shownScalar, shownText } from "../core/shown_value.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { shortened } from "./phrases.ts";

const VALUES_SHOWN_MAX = 2;
const JOBS_SHOWN_MAX = 2;

/**
 * Without the full stop: `shop.Paid came at ... and did not count: orderId: ...`
 *
 * @param role If the event is compared with one that the policy names.
 */
export function suspectText(
  outlined: OutlinedHistory,
  expected: ExpectedEvent,
  suspect: Suspect,
  role?: PolicyRole,
): string {
  const { entry, kind } = suspect;
  const came = `${toMatchable(entry).eventType} came at ${entry.receivedAt}`;
  const why = obstacles(outlined, expected, suspect).join("; ");
  if (role !== undefined) {
    const carried = kind === "values" ? `, ${carriedText(outlined, suspect)},` : "";
    return `${came}${carried} and did not count as ${policyText(role)}${why && `: ${why}`}`;
  }
  if (kind !== "values") return `${came} and did not count: ${why}`;
  const carried = carriedText(outlined, suspect);
  return why === ""
    ? `${came}, ${carried}, and counted for nothing`
    : `${came}, ${carried}; ${why}`;
}

/** In Running, where no compensation is under way. */
function policyText(role: PolicyRole): string {
  switch (role) {
    case "errors":
      return "the error event of the job's policy";
    case "succeeded":
      return "the end of the job's compensation, of which none is under way";
    case "failed":
      return "the failed end of the job's compensation, of which none is under way";
    default:
      return assertNever(role, "role");
  }
}

function obstacles(
  outlined: OutlinedHistory,
  { matcher }: ExpectedEvent,
  suspect: Suspect,
): readonly string[] {
  const { type, clauses, addressee, effects, isEarly, entry, kind } = suspect;
  const ofType = type === undefined
    ? []
    : [`its type is not ${matcher.eventType}${type === "another type" ? "" : ` (${type})`}`];
  const named = addressee === undefined ? [] : [`it names job ${addressee}${didText(effects)}`];
  const reached = addressee === undefined && effects.length > 0 ? [reachedText(effects)] : [];
  const failing = clauses.length === 0 ? [] : [mismatchesText(clauses)];
  const advice = kind === "encoded" || kind === "part" ? [adviceText(clauses)] : [];
  const early = isEarly ? [earlyText(outlined)] : [];
  const stratum = entry.stratum === "coordination" && kind === "time"
    ? ["it came in the coordination stratum, which is never interpreted"]
    : [];
  const refused = isRefused(entry) ? [refusedText(entry)] : [];
  return [...ofType, ...failing, ...advice, ...named, ...reached, ...stratum, ...refused, ...early];
}

/** `send the value by itself at orderId`, for values inside texts. */
function adviceText(clauses: readonly Mismatch[]): string {
  const paths = clauses.filter((clause) => insideForm(clause) !== undefined)
    .map(({ path }) => shownText(path));
  const what = paths.length === 1 ? "the value by itself" : "each value by itself";
  return `send ${what}, at ${shortened(paths, VALUES_SHOWN_MAX)}`;
}

function refusedText(entry: FrameworkEntry<"journal.EventRefused">): string {
  return `it was refused: its id ${shownText(entry.attributes.eventId)} was on record already ` +
    "with other content, so its sender has used one id twice";
}

function earlyText({ started }: OutlinedHistory): string {
  return started === undefined
    ? "the job has not started, and events count from the start on"
    : `it came before the job started at ${started.receivedAt}, and events count from the start on`;
}

/** Its effect on the one job that it names. */
function didText(effects: readonly Effect[]): string {
  const counted = effects[0]?.counted;
  if (counted === undefined) return ", and so touches no other";
  return counted.length === 0
    ? ", where it counted for nothing"
    : `, where it counted for ${namesText(counted)}`;
}

function reachedText(effects: readonly Effect[]): string {
  const jobs = effects.map(({ jobId, counted = [] }) =>
    counted.length === 0 ? `job ${jobId}` : `job ${jobId} (for ${namesText(counted)})`
  );
  return `it reached ${shortened(jobs, JOBS_SHOWN_MAX)}`;
}

function namesText(ids: readonly string[]): string {
  return shortened(ids.map((id) => JSON.stringify(id)), VALUES_SHOWN_MAX);
}

function carriedText({ job }: OutlinedHistory, { entry, carried }: Suspect): string {
  if (entry.jobId === job.jobId) {
    return isCorrelated(entry) ? "and reached this job" : "naming this job";
  }
  const places = placesIn(toMatchable(entry).attributes);
  const texts = carried.map((own) => ownText(own) + placeText(own, places));
  return `with this job's ${shortened(texts, VALUES_SHOWN_MAX)}`;
}

function ownText({ from, path, value }: OwnValue): string {
  if (from === "id") return "id";
  const name = from === "label" ? `label ${shownText(path)}` : shownText(path);
  return `${name} ${shownScalar(value)}`;
}

/** ` at orderId`, where an event has a value under another name than the job. */
function placeText({ path, loose }: OwnValue, places: readonly Place[]): string {
  const name = path.split(".").at(-1);
  const having = places.filter(({ value }) => looseForm(value) === loose);
  const [first] = having;
  if (first === undefined || having.some(({ names }) => names.at(-1) === name)) return "";
  return ` at ${shownText(placePath(first))}`;
}
