/** What may be in the journal, whatever was sent: written independently of `src/`. */

import type { JobEventLogEntry } from "../../src/core/event.ts";

const ID = /^[A-Za-z0-9._:~-]{1,128}$/;
const EVENT_TYPE = /^(?=.{1,200}$)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const FORBIDDEN_KEYS = ["__proto__", "constructor", "prototype"];
/** Input has at most 64 levels, and is wrapped in some more. */
const DEPTH_MAX = 70;

/** What is wrong with an entry; `undefined` if nothing is. */
export function flawsOf(entry: JobEventLogEntry): readonly string[] {
  const flaws = [...flawsIn(entry.attributes, 0)];
  const { eventId, jobId, taskId, executionId, traceId, spanId } = entry;
  for (
    const [name, id] of Object.entries({ eventId, jobId, taskId, executionId, traceId, spanId })
  ) {
    if (id !== undefined && (!ID.test(id) || id === "." || id === "..")) {
      flaws.push(
        `${name} ${id}`,
      );
    }
  }
  if (!EVENT_TYPE.test(entry.eventType)) flaws.push(`type ${entry.eventType}`);
  if (/^(?:job|journal)\./.test(entry.eventType) !== (entry.stratum === "framework")) {
    flaws.push(`${entry.eventType} in stratum ${entry.stratum}`);
  }
  for (const time of [entry.occurredAt, entry.receivedAt]) {
    if (!/^\d{4}-\d\d-\d\d[Tt].*[Zz]$/.test(time) || Number.isNaN(Date.parse(time))) {
      flaws.push(`time ${time}`);
    }
  }
  if (entry.eventType === "job.JobCreated") flaws.push(...labelFlaws(entry.attributes));
  return flaws;
}

function labelFlaws(attributes: object): readonly string[] {
  const { labels = {}, priority = 0 } = attributes as { labels?: object; priority?: unknown };
  // deno-lint-ignore no-control-regex -- it searches control characters.
  const controls = /[\u0000-\u001f\u007f]/;
  const flaws = Object.entries(labels).flat().filter((text) =>
    typeof text !== "string" || text.length > 256 || controls.test(text)
  );
  return Number.isSafeInteger(priority) ? flaws : [...flaws, `priority ${priority}`];
}

function* flawsIn(value: unknown, depth: number): Generator<string> {
  if (depth > DEPTH_MAX) yield "too deep";
  else if (typeof value === "string" && !value.isWellFormed()) yield `half a pair in ${value}`;
  else if (typeof value === "number" && !Number.isFinite(value)) yield `number ${value}`;
  else if (typeof value === "object" && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (FORBIDDEN_KEYS.includes(key)) yield `key ${key}`;
      if (!key.isWellFormed()) yield `half a pair in the key ${key}`;
      yield* flawsIn(member, depth + 1);
    }
  } else if (!["string", "number", "boolean", "object"].includes(typeof value)) {
    yield `a value of type ${typeof value}`;
  }
}
