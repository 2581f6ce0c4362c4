/** CloudEvents 1.0, as events of the journal. */

import { createHash } from "node:crypto";
import * as v from "valibot";
import type { EventId } from "../../core/ids.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { parseTraceparent } from "../../core/trace_ids.ts";
import type { IncomingEvent } from "../../engine/requests.ts";
import { documented } from "../../documents/documented.ts";
import { domainEventTypeField, type JudgedEvent } from "../../documents/event_schema.ts";
import {
  isObject,
  jobIdField,
  type PointedIssue,
  pointedIssues,
  taskIdField,
  timeField,
} from "../../documents/fields.ts";

const TEXT_LENGTH_MAX = 1_000;

/** Attributes that carry the event's content. */
const anyJson = documented(v.unknown(), {
  description: "The content of the event: the attributes, or one value.",
});

const text = v.pipe(
  v.string(),
  v.nonEmpty("must not be empty"),
  v.maxLength(TEXT_LENGTH_MAX, `must be at most ${TEXT_LENGTH_MAX} characters`),
);

/** The expression of `v.base64` fails on texts of some megabytes: its groups take the stack. */
function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}

/** CloudEvents allows extension attributes, so unknown ones are no error. */
export const cloudEvent = v.looseObject({
  specversion: v.literal("1.0"),
  id: text,
  source: text,
  type: domainEventTypeField,
  subject: v.exactOptional(text),
  time: v.exactOptional(timeField),
  data: v.exactOptional(anyJson),
  data_base64: v.exactOptional(v.pipe(v.string(), v.check(isBase64, "must be base64"))),
  jobid: v.exactOptional(jobIdField),
  taskid: v.exactOptional(taskIdField),
  // An invalid traceparent is ignored, as its standard says.
  traceparent: v.optional(v.unknown()),
});

type CloudEvent = v.InferOutput<typeof cloudEvent>;

/** @param at The pointer to the event in its document. */
export function judgeCloudEvent(value: JsonValue, at = ""): JudgedEvent {
  const parsed = v.safeParse(cloudEvent, value);
  if (!parsed.success) return refused(pointedIssues(parsed.issues, at));
  const data = isObject(value) ? value["data"] : undefined;
  if (data !== undefined && parsed.output.data_base64 !== undefined) {
    return refused([{ pointer: `${at}/data_base64`, detail: "cannot be combined with data" }]);
  }
  if (isObject(data) && Object.hasOwn(data, "cloudevent")) {
    const detail = "is where Daybook records the id and source of a CloudEvent";
    return refused([{ pointer: `${at}/data/cloudevent`, detail }]);
  }
  return { valid: true, event: toEvent(parsed.output, data) };
}

function refused(errors: readonly PointedIssue[]): JudgedEvent {
  return { valid: false, eventId: null, errors };
}

function toEvent(cloudEvent: CloudEvent, data: JsonValue | undefined): IncomingEvent {
  const { type, time, jobid, taskid, data_base64: base64, ...named } = cloudEvent;
  const trace = parseTraceparent(named.traceparent);
  // Attributes recorded as ids are not recorded twice.
  const { traceparent: _traceparent, ...untraced } = named;
  const rest = trace === undefined ? named : untraced;
  const { id, source } = rest;
  // Including the subject and all extension attributes.
  const { specversion: _, data: __, ...cloudevent } = rest;
  return {
    eventId: toEventId(source, id),
    eventType: type,
    stratum: "domain",
    attributes: { ...toAttributes(data, base64), cloudevent: cloudevent as JsonObject },
    ...(time === undefined ? {} : { occurredAt: time }),
    ...(jobid === undefined ? {} : { jobId: jobid }),
    ...(taskid === undefined ? {} : { taskId: taskid }),
    ...trace,
  };
}

/** The identity of a CloudEvent is its source and id together. */
function toEventId(source: string, id: string): EventId {
  const digest = createHash("sha256").update(`${source}\n${id}`).digest("hex");
  return `ce_${digest.slice(0, 40)}` as EventId;
}

function toAttributes(data: JsonValue | undefined, base64: string | undefined): JsonObject {
  if (base64 !== undefined) return { data_base64: base64 };
  if (data === undefined) return {};
  return isObject(data) ? data : { data };
}

/** The attributes of a CloudEvent in binary mode: its `ce-*` headers, without the prefix. */
export function binaryAttributes(headers: Headers): JsonObject {
  const attributes: Record<string, JsonValue> = {};
  for (const [name, value] of headers) {
    if (name.startsWith("ce-")) attributes[name.slice(3)] = percentDecoded(value);
  }
  return attributes;
}

/** The HTTP binding of CloudEvents percent-encodes characters that headers cannot contain. */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
