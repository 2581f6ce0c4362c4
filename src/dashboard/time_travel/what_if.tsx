/** The what-if form, its document and its answer. */

import type { Child } from "hono/jsx";
import { Refusal } from "../../documents/refusal.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { equalJson, type JsonObject, type JsonValue, type PointedIssue } from "../../core/json.ts";
import { parseWholeNumber } from "../../documents/fields.ts";
import { jsonTyped } from "../schema_form/form_texts.ts";
import type { ReserveMemory } from "../../engine/entry_pages.ts";
import type { Replay, StepsWanted } from "../../explain/replay/replay_steps.ts";
import type { Supposition } from "../../explain/replay/supposition.ts";
import type { WhatIfReport } from "../../engine/queries/replays.ts";
import { valueOrThrow } from "../../documents/engine_refusal.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { parseSupposition } from "../../documents/supposition.ts";
import { Issues, issuesAt, JsonInput, LineInput } from "../parts/forms.tsx";
import { UserText } from "../parts/text.tsx";
import { timePath, type TimeQuery } from "../parts/links.tsx";

const TEXTS = ["with", "plan", "upTo", "limits"] as const;

/** The form as filled in; its fields are named after the members of the document. */
export type WhatIfForm =
  & Readonly<Record<(typeof TEXTS)[number], string>>
  & { readonly without: readonly string[] };

export function whatIfForm(fields: URLSearchParams): WhatIfForm {
  const texts = TEXTS.map((name) => [name, fields.get(name) ?? ""]);
  return { ...Object.fromEntries(texts), without: fields.getAll("without") };
}

export const EMPTY_WHAT_IF = whatIfForm(new URLSearchParams());

interface WhatIfDocument {
  readonly document: JsonObject;
  /** Pointers are relative to the document. */
  readonly issues: readonly PointedIssue[];
}

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
  const { replays } = await engine.explanations();
  const first = valueOrThrow(await replays.whatIf(jobId, supposition, { limit: STEPS_MAX }, hold));
  const differsAt = first.firstDifference?.logId ?? 0;
  const isInside = first.next === undefined || differsAt <= first.next;
  const wanted = { after: isInside ? 0 : findBegin(engine, jobId, differsAt), limit: STEPS_MAX };
  const report = isInside ? first : valueOrThrow(
    await replays.whatIf(jobId, supposition, wanted, hold),
  );
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
  const { replays } = await engine.explanations();
  const replayed = await replays.replay(jobId, upTo, wanted, hold);
  if (replayed.ok) return replayed.value;
  const last = Math.floor(lastLogId);
  return valueOrThrow(await replays.replay(jobId, { kind: "logId", logId: last }, wanted, hold));
}

/** The form that the boxes in the table of entries belong to. */
export const WHAT_IF_FORM = "what-if-form";

interface WhatIfSectionProps {
  readonly jobId: string;
  readonly query: TimeQuery;
  readonly form: WhatIfForm;
  /** Whether its type can have limits, which needs code. */
  readonly hasLimits: boolean;
  /** Whether the plan of the job is too long to be edited in a page. */
  readonly planIsTooLong: boolean;
  readonly issues: readonly PointedIssue[];
  /** A draft of an event. */
  readonly sampleEvent: string;
  /** The result, if one was requested. */
  readonly children?: Child;
}

export function WhatIfSection(props: WhatIfSectionProps) {
  const { jobId, query, issues, children } = props;
  return (
    <section id="what-if" class="sheet" aria-labelledby="what-if-title">
      <h2 id="what-if-title">What if</h2>
      <p class="hint">
        What would have happened to the job with other entries, another plan, or other limits of its
        type. Nothing is recorded, and no code is run.
      </p>
      {issues.length !== 0 && (
        <p class="note note-bad" role="alert">
          Cannot compute this: {issues.length === 1 ? "one field is" : "some fields are"} wrong.
        </p>
      )}
      {children}
      <form
        id={WHAT_IF_FORM}
        method="post"
        action={`${timePath(jobId, query)}#what-if`}
        class="form two-columns"
      >
        <LeftOut {...props} />
        <Fields {...props} />
        <div>
          <button type="submit" class="primary">Show what if</button>
        </div>
      </form>
    </section>
  );
}

/** The boxes are in the list of entries. */
function LeftOut({ form, issues }: WhatIfSectionProps) {
  return (
    <div class="field">
      <p class="label">Leave out</p>
      <p class="hint">
        {form.without.length === 0 ? "Tick entries in the list of entries." : (
          <>
            Ticked in the list of entries: <UserText text={form.without.join(", ")} />
          </>
        )}
      </p>
      <Issues id="without-issues" issues={issuesAt(issues, "/without")} at="/without" />
    </div>
  );
}

const EVENTS_HINT = (
  <>
    One event or an array. <code>after</code>{" "}
    is the position after which it is inserted; without it, at the end.
  </>
);

const LIMITS_HINT = (
  <>
    Limits of its type, without other changes: whether the job would start now, or would have waited
    less. A limit that is left out stays in force; <code>null</code> means no limit.
  </>
);

function Fields({ form, issues, planIsTooLong, hasLimits, sampleEvent }: WhatIfSectionProps) {
  return (
    <>
      <JsonInput
        id="with"
        name="with"
        label="Add events, as JSON"
        at="/with"
        issues={issues}
        hint={EVENTS_HINT}
        text={form.with}
        placeholder={sampleEvent}
      />
      <JsonInput
        id="plan"
        name="plan"
        label="Another plan, as JSON"
        at="/plan"
        issues={issues}
        hint={planIsTooLong
          ? "The plan of this job is too long to edit here. A plan that you enter here replaces it."
          : "This is the plan of the job; unchanged, it has no effect."}
        text={form.plan}
      />
      <LineInput
        id="upTo"
        name="upTo"
        label="Up to"
        at="/upTo"
        issues={issues}
        hint="A logId, an eventId or a time; if empty, up to now."
        text={form.upTo}
      />
      {hasLimits && (
        <JsonInput
          id="limits"
          name="limits"
          label="Other limits, as JSON"
          at="/limits"
          issues={issues}
          hint={LIMITS_HINT}
          text={form.limits}
          placeholder='{"maxRunning": 6}'
        />
      )}
    </>
  );
}
