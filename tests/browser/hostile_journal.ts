/** Jobs whose every field that a user controls is hostile, made over the routes. */

import assert from "node:assert/strict";
import type { DaybookProcess } from "../support/process/daybook_process.ts";
import { HOSTILE } from "./hostile_definitions.ts";

/** Breaks out of attributes and text elements, and runs a script if it can. */
export const MARKUP =
  `"'></title></textarea></script></style></pre><x-pwned data-pwned="1"></x-pwned>` +
  `<img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script>` +
  `<svg onload="globalThis.pwned=1"></svg>{{7*7}}\${7*7}<!--`;
/** Reverses what comes after it, unless it is isolated. */
export const TURNED = "\u202egnp.elif\u2066\u2067\u200f\u061c";
const MEGABYTE_LENGTH = 900_000;

export const HOSTILITIES = ["markup", "turned", "long"] as const;
export type Hostility = (typeof HOSTILITIES)[number];

/** Repeated to the maximum length of a field. */
export function hostileText(hostility: Hostility, lengthMax = MEGABYTE_LENGTH): string {
  switch (hostility) {
    case "markup":
      return MARKUP.slice(0, lengthMax);
    case "turned":
      return TURNED.slice(0, lengthMax);
    case "long":
      // Without a place to break a line, and with markup at both ends.
      return (MARKUP + "W".repeat(MEGABYTE_LENGTH)).slice(0, Math.min(lengthMax, MEGABYTE_LENGTH));
  }
}

/** The strangest allowed id. */
const ID = `~:.${"-".repeat(60)}..~`;

export interface HostileJobs {
  readonly failed: string;
  readonly waiting: string;
  readonly backingOff: string;
  readonly succeeded: string;
  readonly plan: string;
}

export async function hostileJobs(
  daybook: DaybookProcess,
  hostility: Hostility,
): Promise<HostileJobs> {
  const text = hostileText(hostility);
  const label = hostileText(hostility, 256);
  const coded = (how: string) =>
    post(daybook, "/jobs", {
      jobId: `${ID}${hostility}.${how}`,
      type: HOSTILE.type,
      input: { text, how },
      labels: { hostile: label, how },
    });
  // In parallel, because requests for jobs that do not end wait as long as allowed.
  const [failed, waiting, backingOff, succeeded] = await Promise.all([
    coded("fail"),
    coded("wait"),
    coded("retry"),
    coded("succeed"),
  ]);
  // After those, because one of them sends the event that it waits for.
  const jobs = { failed, waiting, backingOff, succeeded, plan: await plan(daybook, hostility) };
  await nearMisses(daybook, hostility);
  const reason = hostileText(hostility, 1_000);
  await post(daybook, `/jobs/${encodeURIComponent(jobs.plan)}/suspend`, { reason });
  await post(daybook, "/pauses", { label: `held:${hostileText(hostility, 200)}`, reason });
  return jobs;
}

/** A near miss, so that the explanation shows both values. */
async function nearMisses(daybook: DaybookProcess, hostility: Hostility): Promise<void> {
  const eventType = "hostile.Named";
  const name = hostileText(hostility, 200);
  await post(daybook, "/events", {
    eventType,
    attributes: { text: `${hostileText(hostility)}!`, [name]: { [name]: [name] } },
  });
  await post(daybook, "/events", { eventType, attributes: { text: null, extra: name } });
}

/** A plan without code: its ids and compared values come from the user. */
async function plan(daybook: DaybookProcess, hostility: Hostility): Promise<string> {
  const value = hostileText(hostility, 10_000);
  return await post(daybook, "/jobs", {
    jobId: `${ID}${hostility}.plan`,
    labels: { hostile: hostileText(hostility, 256) },
    plan: {
      expected: [
        {
          id: ID,
          eventType: "hostile.Named",
          correlation: {
            anyOf: [{ equals: { text: value } }, {
              in: { [hostileText(hostility, 200)]: [value, 1] },
            }],
          },
        },
      ],
      policy: { errors: [{ eventType: "hostile.Lost", correlation: { equals: { text: value } } }] },
    },
  });
}

/** The id of the job in the answer, if there is one. */
async function post(daybook: DaybookProcess, path: string, body: object): Promise<string> {
  const response = await daybook.post(path, body, { prefer: "wait=2" });
  const answer: unknown = await response.json();
  assert.ok(response.ok, `${path}: ${response.status} ${JSON.stringify(answer).slice(0, 500)}`);
  const isJob = typeof answer === "object" && answer !== null && "jobId" in answer;
  return isJob ? String(answer.jobId) : "";
}
