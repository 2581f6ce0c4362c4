/** The what-if form: what its fields say, as the document that `POST /jobs/:id/what-if` takes. */

import type { LogId } from "../../core/ids.ts";
import { equalJson, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { PointedIssue } from "../../http/requests/issues.ts";
import { wholeNumberOf } from "../../http/requests/whole_number.ts";
import { jsonTyped } from "../schema_form/json_text.ts";

/** As it was filled in; the names of its fields are those of the document's members. */
export interface WhatIfForm {
  readonly without: readonly string[];
  readonly with: string;
  readonly plan: string;
  readonly upTo: string;
}

export const EMPTY_WHAT_IF: WhatIfForm = { without: [], with: "", plan: "", upTo: "" };

export interface WhatIfDocument {
  readonly document: JsonObject;
  /** Pointers lead into the document. */
  readonly issues: readonly PointedIssue[];
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
  const [events, plan] = [jsonTyped(form.with, "/with"), jsonTyped(form.plan, "/plan")];
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
