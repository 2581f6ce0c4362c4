/** The body of an answer that refuses, as `problemResponse` makes it. */

import * as v from "valibot";
import { SCOPES } from "../guard/access.ts";
import { PROBLEM_KINDS, problemType } from "../problems/problem.ts";
import { count, limitName, stateName, text } from "./parts.ts";

export const problemAnswer = v.object({
  type: v.picklist(PROBLEM_KINDS.map(problemType)),
  title: text,
  status: count,
  detail: text,
  instance: text,
  errors: v.exactOptional(v.array(v.object({
    pointer: v.exactOptional(text),
    parameter: v.exactOptional(text),
    header: v.exactOptional(text),
    detail: text,
  }))),
  allowedIn: v.exactOptional(v.array(stateName)),
  knownTypes: v.exactOptional(v.array(text)),
  jobId: v.exactOptional(text),
  neededScope: v.exactOptional(v.picklist(SCOPES)),
  scopes: v.exactOptional(v.array(v.picklist(SCOPES))),
  limit: v.exactOptional(v.object({ name: limitName, max: v.number() })),
  position: v.exactOptional(count),
});
