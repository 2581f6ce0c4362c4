/** Routes for an action on all jobs that match a filter, and for failures by kind. */

import type { Context } from "hono";
import * as v from "valibot";
import {
  checked,
  describe,
  maybe,
  reasonField,
  strictObject,
  wholeField,
} from "../../documents/fields.ts";
import { BULK_CONTROLS, type ControlName, CONTROLS } from "../../core/controls.ts";
import { counted } from "../../core/counted.ts";
import { FINGERPRINT_RULE } from "../../core/error_fingerprint.ts";
import { errorText, withoutPaths } from "../../core/error_text.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Origin } from "../../core/trace_ids.ts";
import { bulkAnswer, bulkPreviewAnswer, failuresAnswer } from "../../documents/answers/bulk.ts";
import { summaryView } from "../../documents/jobs.ts";
import { choices } from "../../documents/answers/parts.ts";
import { shortened } from "../../explain/words/phrases.ts";
import { jsonResponse } from "../responses/response.ts";
import { readJson } from "../bodies/body.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { json, ok, type Route } from "../routing/route.ts";
import { STATUS } from "../responses/problem.ts";
import { problemType } from "../../documents/refusal.ts";
import {
  BULK_MAX,
  type BulkPreview,
  type BulkReport,
  type BulkRequest,
  previewBulk,
  runBulk,
} from "./bulk_action.ts";
import { FILTER_PARAMETERS, filterBody, toJobFilter } from "../../documents/job_filter.ts";
import { readQuery, requestOrigin } from "../requests/request.ts";
import type { FailureGroup } from "../../engine/job_pages.ts";
import { largeJsonResponse } from "../answers/large_answer.ts";
import { notBeyondHead, PAGE_MAX, single, wholeNumber } from "../../documents/parameters.ts";

const position = wholeField(0, Number.MAX_SAFE_INTEGER, "must be a position in the journal");

function controlEffects<Name extends ControlName>(names: readonly Name[]) {
  const effects = names.map((name) => [name, CONTROLS[name].effect]);
  return Object.fromEntries(effects) as Readonly<Record<Name, string>>;
}

const bulkBody = strictObject({
  action: choices("The control to apply to each job.", controlEffects(BULK_CONTROLS)),
  filter: describe(filterBody, "Which jobs, with the parameters of GET /jobs; {} means all."),
  reason: maybe(reasonField, "The reason, recorded with each job."),
  dryRun: maybe(v.boolean(), "Only count; record nothing."),
  upTo: maybe(
    position,
    "Skip jobs created after this entry: the upTo of the dry run, or of the previous " +
      "answer. Default: the newest entry.",
  ),
  before: maybe(
    position,
    "Continue: only jobs created before this entry, the next of the previous answer.",
  ),
  again: maybe(v.boolean(), "Also retry jobs that were already retried."),
  limit: maybe(
    wholeField(1, BULK_MAX),
    `The most jobs that this request acts on. Default: ${BULK_MAX}.`,
  ),
});

async function controlJobs(c: Context, deps: HttpDeps): Promise<Response> {
  const body = await readJson(c.req.raw, deps.bodies);
  const origin = requestOrigin(c, deps.spans);
  const { dryRun, ...request } = parseBulkRequest(body, deps, origin);
  // To select the jobs takes as long as to list them.
  await deps.admission.enter("large");
  if (dryRun) {
    return jsonResponse(previewView(request, previewBulk(deps.engine, request)), STATUS.ok);
  }
  const report = await runBulk(deps.engine, request, deps.admission);
  if (report.stopped !== undefined && report.done.length === 0) throw report.stopped;
  return jsonResponse(reportView(request, report), STATUS.ok);
}

/** @throws {Problem} `invalid-request`. */
export function parseBulkRequest(
  body: JsonValue,
  { engine }: Pick<HttpDeps, "engine">,
  origin: Origin | undefined,
): BulkRequest & { readonly dryRun: boolean } {
  const { filter, dryRun = false, again = false, upTo, ...rest } = checked(bulkBody, body);
  const { headLogId } = engine;
  return {
    ...rest,
    filter: toJobFilter(filter),
    dryRun,
    again,
    upTo: notBeyondHead(upTo, headLogId, { pointer: "/upTo" }) ?? headLogId,
    origin,
  };
}

function previewView({ upTo }: BulkRequest, { count, sample, retried, byHand }: BulkPreview) {
  const { jobs, conditions, ...searched } = count;
  const byCondition = [...conditions].map(([condition, jobs]) => ({ condition, jobs }));
  return { upTo, jobs, byCondition, sample: sample.map(summaryView), retried, byHand, ...searched };
}

function reportView(
  { upTo }: BulkRequest,
  { done, skipped, stopped, left: { conditions: _, ...left }, next }: BulkReport,
) {
  const refused = [...skipped].map(([reason, jobIds]) => ({ reason, jobIds }));
  return {
    upTo,
    done,
    refused,
    ...(stopped === undefined
      ? {}
      : { stopped: { type: problemType(stopped.kind), detail: stopped.message } }),
    left,
    next: next ?? null,
  };
}

const LIMIT_DEFAULT = 50;

const FAILURE_PARAMETERS = {
  ...FILTER_PARAMETERS,
  limit: single(
    wholeNumber(1, PAGE_MAX.failureKinds, LIMIT_DEFAULT),
    `The most kinds of failures to list. Default: ${LIMIT_DEFAULT}.`,
  ),
};

function groupView(group: FailureGroup) {
  const { newest, oldest } = group;
  return { ...group, newest: summaryView(newest), oldest: summaryView(oldest) };
}

export const BULK_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/jobs/bulk",
    scope: "operate",
    operation: {
      id: "controlJobs",
      tag: "jobs",
      summary: "Retry, cancel, suspend or resume all jobs that match a filter",
      description:
        "The newest jobs come first; each job is checked when its turn comes. One request " +
        `acts on at most ${BULK_MAX} jobs; the answer says what was done, what was refused and ` +
        "why, and where to continue. To count first, use dryRun. A retry skips jobs that " +
        "were already retried, and cancelled jobs unless the filter has the condition " +
        "cancelled. The request can be repeated safely: nothing is done twice.",
      body: {
        required: true,
        content: json(bulkBody, {
          count: { action: "retry", filter: { type: ["payment.collect"] }, dryRun: true },
          retryOneKindOfFailure: {
            action: "retry",
            filter: { fingerprint: "3f2a9c01d4e7" },
            reason: "the bank is back",
          },
          cancelByLabel: { action: "cancel", filter: { label: ["shop:berlin"] }, limit: 100 },
        }),
      },
      answers: ok(
        "What was done, what was refused, and what is left; with dryRun, what the request " +
          "would do.",
        v.union([bulkAnswer, bulkPreviewAnswer]),
      ),
    },
    handle: controlJobs,
  },
  {
    method: "GET",
    path: "/failures",
    scope: "read",
    operation: {
      id: "listFailures",
      tag: "jobs",
      summary: "List failures that were not yet retried, by kind, the most frequent first",
      description:
        `${FINGERPRINT_RULE} A kind whose jobs were all retried is listed only with retried=true. ` +
        "POST /jobs/bulk with the fingerprint retries all of a kind.",
      query: FAILURE_PARAMETERS,
      answers: ok("The kinds of failures.", failuresAnswer),
    },
    async handle({ req }, deps) {
      const { limit = LIMIT_DEFAULT, ...query } = readQuery(req.raw, FAILURE_PARAMETERS);
      const { explainer } = await deps.engine.explanations();
      const { groups, ...rest } = deps.engine.lists.failures(toJobFilter(query), limit);
      const cause = largestCause(groups);
      const apart = cause[0] && await explainer.setApart(cause[0].newest.jobId);
      const summary = [failuresText(cause), apart].filter(Boolean).join(" ");
      const answer = { summary, failures: groups.map(groupView), ...rest };
      return largeJsonResponse(deps, answer, STATUS.ok);
    },
  },
];

const TYPES_MAX = 5;

/** The groups with the error that most jobs failed with and that were not yet retried. */
function largestCause(groups: readonly FailureGroup[]): readonly FailureGroup[] {
  const causes = Map.groupBy(groups, ({ error }) => withoutPaths(error));
  return [...causes.values()].toSorted((one, other) => openIn(other) - openIn(one))[0] ?? [];
}

/**
 * `3 jobs of order.pay failed with Error: ..., the last at ...`; of several types, with the number
 * of each: `5 jobs of order.pay (3) and stock.sync (2)`.
 */
function failuresText(cause: readonly FailureGroup[]): string {
  const [first] = cause;
  if (first === undefined || openIn(cause) === 0) return "No failure is left to retry.";
  const types = cause.map(({ type, open }) =>
    `${type ?? "plans"}${cause.length === 1 ? "" : ` (${open})`}`
  );
  const last = cause.map(({ newest }) => newest.endedAt ?? "").toSorted().at(-1) ?? "";
  return `${counted(openIn(cause), "job")} of ${shortened(types, TYPES_MAX)} failed with ` +
    `${errorText(first.error)}, the last at ${last}.`;
}

function openIn(groups: readonly FailureGroup[]): number {
  return groups.reduce((sum, { open }) => sum + open, 0);
}
