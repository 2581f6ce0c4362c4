/** Jobs whose every field that a user controls is hostile, made over the routes. */

import assert from "node:assert/strict";
import type { DaybookProcess } from "../support/process/daybook_process.ts";

/** Breaks out of attributes and of elements whose content is text, and runs where it can. */
export const MARKUP =
  `"'></title></textarea></script></style></pre><x-pwned data-pwned="1"></x-pwned>` +
  `<img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script>` +
  `<svg onload="globalThis.pwned=1"></svg>{{7*7}}\${7*7}<!--`;
/** Turns around what comes after it, unless it is kept apart. */
export const TURNED = "\u202egnp.elif\u2066\u2067\u200f\u061c";
const MEGABYTE_LENGTH = 900_000;

export const HOSTILITIES = ["markup", "turned", "long"] as const;
export type Hostility = (typeof HOSTILITIES)[number];

/** As much of it as a field takes. */
export function hostileText(hostility: Hostility, lengthMax = MEGABYTE_LENGTH): string {
  switch (hostility) {
    case "markup":
      return MARKUP.slice(0, lengthMax);
    case "turned":
      return TURNED.slice(0, lengthMax);
    case "long":
      // Nowhere to break a line, and markup at both ends.
      return (MARKUP + "W".repeat(MEGABYTE_LENGTH)).slice(0, Math.min(lengthMax, MEGABYTE_LENGTH));
  }
}

/** An id as odd as one may be. */
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
      type: "hostile.echo",
      input: { text, how },
      labels: { hostile: label, how },
    });
  // At once: those that do not end are waited for as long as a request may.
  const [failed, waiting, backingOff, succeeded] = await Promise.all([
    coded("fail"),
    coded("wait"),
    coded("retry"),
    coded("succeed"),
  ]);
  // After those, one of which sends what it waits for.
  const jobs = { failed, waiting, backingOff, succeeded, plan: await plan(daybook, hostility) };
  await nearMisses(daybook, hostility);
  await post(daybook, `/jobs/${encodeURIComponent(jobs.plan)}/suspend`, {
    reason: hostileText(hostility, 1_000),
  });
  return jobs;
}

/** Nearly what is waited for: the explanation sets both beside each other. */
async function nearMisses(daybook: DaybookProcess, hostility: Hostility): Promise<void> {
  const eventType = "hostile.Named";
  const name = hostileText(hostility, 200);
  await post(daybook, "/events", {
    eventType,
    attributes: { text: `${hostileText(hostility)}!`, [name]: { [name]: [name] } },
  });
  await post(daybook, "/events", { eventType, attributes: { text: null, extra: name } });
}

/** A plan without code: its ids and what it compares with are the user's own. */
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

/** The id of the job, when it is one that is answered. */
async function post(daybook: DaybookProcess, path: string, body: object): Promise<string> {
  const response = await daybook.post(path, body, { prefer: "wait=2" });
  const answer: unknown = await response.json();
  assert.ok(response.ok, `${path}: ${response.status} ${JSON.stringify(answer).slice(0, 500)}`);
  const isJob = typeof answer === "object" && answer !== null && "jobId" in answer;
  return isJob ? String(answer.jobId) : "";
}
