/** The what-if form: its document and its result. */

import { Refusal } from "../../documents/refusal.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { equalJson, type JsonObject, type JsonValue } from "../../core/json.ts";
import { parseWholeNumber, type PointedIssue } from "../../documents/fields.ts";
import { jsonTyped } from "../schema_form/typed.ts";
import type { ReserveMemory } from "../../engine/queries/entry_pages.ts";
import type { Replay, StepsWanted } from "../../explain/replay_steps.ts";
import type { Supposition } from "../../explain/supposition.ts";
import type { WhatIfReport } from "../../engine/queries/replays.ts";
import { valueOrThrow } from "../../documents/engine_refusal.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { parseSupposition } from "../../documents/supposition_schema.ts";

/** The form as filled in; its fields are named after the members of the document. */
export interface WhatIfForm {
  readonly without: readonly string[];
  readonly with: string;
  readonly plan: string;
  readonly upTo: string;
  readonly limits: string;
}

/** The empty form. */
export const EMPTY_WHAT_IF: WhatIfForm = { without: [], with: "", plan: "", upTo: "", limits: "" };

interface WhatIfDocument {
  readonly document: JsonObject;
  /** Pointers are relative to the document. */
  readonly issues: readonly PointedIssue[];
}

export function whatIfForm(fields: URLSearchParams): WhatIfForm {
  return {
    without: fields.getAll("without"),
    with: fields.get("with") ?? "",
    plan: fields.get("plan") ?? "",
    upTo: fields.get("upTo") ?? "",
    limits: fields.get("limits") ?? "",
  };
}

/** The entries that the form leaves out. */
export function leftOutEntries({ without }: WhatIfForm): ReadonlySet<LogId> {
  return new Set(without.map(parseWholeNumber).filter((logId) => logId !== undefined));
}

/**
 * The document for `POST /jobs/:id/what-if`. An unchanged plan is left out, and a single event
 * needs no array.
 *
 * @param presentPlan The initial text of the field for the plan.
 */
export function whatIfDocument(form: WhatIfForm, presentPlan: JsonValue): WhatIfDocument {
  const [events, plan] = [jsonTyped(form.with, "/with"), jsonTyped(form.plan, "/plan")];
  const limits = jsonTyped(form.limits, "/limits");
  const isPlanKept = plan.value === undefined || equalJson(plan.value, presentPlan);
  const upTo = form.upTo.trim();
  return {
    document: {
      ...(form.without.length === 0 ? {} : { without: form.without.map(parsePosition) }),
      ...(events.value === undefined ? {} : { with: listed(events.value) }),
      ...(isPlanKept ? {} : { plan: plan.value as JsonValue }),
      ...(upTo === "" ? {} : { upTo }),
      ...(limits.value === undefined ? {} : { limits: limits.value }),
    },
    issues: [...events.issues, ...plan.issues, ...limits.issues],
  };
}

/** Text that is not a number stays text, so that the schema refuses it. */
function parsePosition(text: string): JsonValue {
  return parseWholeNumber(text) ?? text;
}

function listed(value: JsonValue): JsonValue {
  return Array.isArray(value) ? value : [value];
}

interface WhatIfAnswered {
  /** The report, with the steps around the first difference. */
  readonly report: WhatIfReport;
  /** The record up to the same point, with the steps of the same range. */
  readonly recorded: Replay;
}

const STEPS_MAX = 100;

export interface WhatIfOutcome {
  /** The document as for the API. */
  readonly document: JsonObject;
  /** Errors in the document; with errors there is no answer. */
  readonly issues: readonly PointedIssue[];
  readonly answer?: WhatIfAnswered;
}

/** @param presentPlan The initial text of the field for the plan. */
export async function runWhatIf(
  engine: JobEngine,
  jobId: JobId,
  form: WhatIfForm,
  presentPlan: JsonObject,
  hold: ReserveMemory,
): Promise<WhatIfOutcome> {
  const { document, issues } = whatIfDocument(form, presentPlan);
  if (issues.length > 0) return { document, issues };
  try {
    const supposition = parseSupposition(document, jobId);
    return { document, issues, answer: await answerTo(engine, jobId, supposition, hold) };
  } catch (error) {
    const errors = error instanceof Refusal ? error.members.errors ?? [] : [];
    const found = errors.filter((issue) => "pointer" in issue);
    if (found.length === 0) throw error;
    return { document, issues: found };
  }
}

async function answerTo(
  engine: JobEngine,
  jobId: JobId,
  supposition: Supposition,
  hold: ReserveMemory,
): Promise<WhatIfAnswered> {
  const first = valueOrThrow(
    await engine.replays.whatIf(jobId, supposition, { limit: STEPS_MAX }, hold),
  );
  const differsAt = first.firstDifference?.logId ?? 0;
  const isInside = first.next === undefined || differsAt <= first.next;
  const wanted = { after: isInside ? 0 : findBegin(engine, jobId, differsAt), limit: STEPS_MAX };
  const report = isInside
    ? first
    : valueOrThrow(await engine.replays.whatIf(jobId, supposition, wanted, hold));
  const recorded = await recordedUpTo(engine, jobId, supposition, report, wanted, hold);
  const end = Math.min(report.next ?? Infinity, recorded.next ?? Infinity);
  return { report: cut(report, end), recorded: cut(recorded, end) };
}

/** The position after which to begin, so that a position is in the middle of the shown steps. */
function findBegin(engine: JobEngine, jobId: JobId, position: number): LogId {
  const logIds = engine.history.positions(jobId);
  const index = logIds.findLastIndex((logId) => logId <= position);
  return logIds[index - STEPS_MAX / 2] ?? 0;
}

/** Cuts both sides at the same position: steps of only one side would look like differences. */
function cut<Shown extends Replay>(side: Shown, end: LogId): Shown {
  return { ...side, steps: side.steps.filter(({ logId }) => logId <= end) };
}

/**
 * The record up to the end of the supposition. If that point exists only in the supposed history,
 * such as an event that never reached the job, the record ends before its position.
 */
async function recordedUpTo(
  engine: JobEngine,
  jobId: JobId,
  { upTo }: Supposition,
  { job: { lastLogId } }: WhatIfReport,
  wanted: StepsWanted,
  hold: ReserveMemory,
): Promise<Replay> {
  const replayed = await engine.replays.replay(jobId, upTo, wanted, hold);
  if (replayed.ok) return replayed.value;
  const last = Math.floor(lastLogId);
  return valueOrThrow(
    await engine.replays.replay(jobId, { kind: "logId", logId: last }, wanted, hold),
  );
}
