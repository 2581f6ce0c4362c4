/** The what-if form: what its fields say, as the document that `POST /jobs/:id/what-if` takes. */

import type { LogId } from "../../core/ids.ts";
import { equalJson, type JsonObject, type JsonValue } from "../../core/json.ts";
import { parseJson } from "../../http/bodies/json_document.ts";
import { Problem, type RequestIssue } from "../../http/problems/problem.ts";
import { wholeNumberOf } from "../../http/requests/whole_number.ts";
import { jsonPlaceText } from "../json_place.ts";

/** The names of its fields are those of the document's members. */
export const WHAT_IF_FIELDS = ["without", "with", "plan", "upTo"] as const;
export type WhatIfField = (typeof WHAT_IF_FIELDS)[number];

/** As it was filled in. */
export interface WhatIfForm {
  readonly without: readonly string[];
  readonly with: string;
  readonly plan: string;
  readonly upTo: string;
}

export const EMPTY_WHAT_IF: WhatIfForm = { without: [], with: "", plan: "", upTo: "" };

/** What is wrong with a field; the pointer leads into the document. */
export interface FieldIssue {
  readonly field: WhatIfField;
  readonly pointer: string;
  readonly detail: string;
}

export interface WhatIfDocument {
  readonly document: JsonObject;
  readonly issues: readonly FieldIssue[];
}

export function whatIfForm(fields: URLSearchParams): WhatIfForm {
  return {
    without: fields.getAll("without"),
    with: fields.get("with") ?? "",
    plan: fields.get("plan") ?? "",
    upTo: fields.get("upTo") ?? "",
  };
}

/** The entries that are to be left out, as far as the form names any. */
export function leftOutOf({ without }: WhatIfForm): ReadonlySet<LogId> {
  return new Set(without.map(wholeNumberOf).filter((logId) => logId !== undefined));
}

/**
 * What the form asks. A plan that was left as it is asks nothing, and one event needs no
 * brackets around it.
 *
 * @param presentPlan What the field for the plan holds before anybody edits it.
 */
export function whatIfDocument(form: WhatIfForm, presentPlan: JsonValue): WhatIfDocument {
  const [events, plan] = [parsedField("with", form.with), parsedField("plan", form.plan)];
  const isPlanKept = plan.value === undefined || equalJson(plan.value, presentPlan);
  const upTo = form.upTo.trim();
  return {
    document: {
      ...(form.without.length === 0 ? {} : { without: form.without.map(positionOf) }),
      ...(events.value === undefined ? {} : { with: listed(events.value) }),
      ...(isPlanKept ? {} : { plan: plan.value as JsonValue }),
      ...(upTo === "" ? {} : { upTo }),
    },
    issues: [...events.issues, ...plan.issues],
  };
}

/** Text that is no number stays what it is, for the schema to refuse. */
function positionOf(text: string): JsonValue {
  return wholeNumberOf(text) ?? text;
}

function listed(value: JsonValue): JsonValue {
  return Array.isArray(value) ? value : [value];
}

interface ParsedField {
  readonly value?: JsonValue;
  readonly issues: readonly FieldIssue[];
}

function parsedField(field: WhatIfField, text: string): ParsedField {
  if (text.trim() === "") return { issues: [] };
  try {
    return { value: parseJson(text), issues: [] };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { issues: jsonIssues(field, text, error) };
  }
}

function jsonIssues(field: WhatIfField, text: string, problem: Problem): readonly FieldIssue[] {
  const { position, errors = [] } = problem.members;
  if (position !== undefined) {
    const detail = `is not JSON: ${jsonPlaceText(text, position)}`;
    return [{ field, pointer: `/${field}`, detail }];
  }
  return errors.flatMap((issue) =>
    "pointer" in issue
      ? [{ field, pointer: `/${field}${issue.pointer}`, detail: issue.detail }]
      : []
  );
}

/** The issues of a refused document, each with the field that it is about. */
export function fieldIssues(issues: readonly RequestIssue[]): readonly FieldIssue[] {
  return issues.flatMap((issue) => {
    if (!("pointer" in issue)) return [];
    const { pointer, detail } = issue;
    const field = WHAT_IF_FIELDS.find((name) => pointer.split("/")[1] === name);
    return field === undefined ? [] : [{ field, pointer, detail }];
  });
}
