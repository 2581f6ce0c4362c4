/** What `GET /jobs/:id/log` tells. */

import * as v from "valibot";
import { count, text, time } from "./parts.ts";

export const jobLogAnswer = v.object({
  lines: v.array(v.object({
    jobId: text,
    taskId: text,
    attempt: count,
    executionId: v.optional(text),
    traceId: v.optional(text),
    spanId: v.optional(text),
    time,
    message: text,
    data: v.optional(v.unknown()),
  })),
  hasMore: v.boolean(),
});
