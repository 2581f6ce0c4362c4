/** Parameters that a route does not have, or not with this value: 422 with the name of each. */

import assert from "node:assert/strict";
import { createPlan, problemOf, startApp } from "../support/http/http_app.ts";

/** By the path, in which `:id` is a job that waits; each query, and the parameter that is wrong. */
const WRONG: Readonly<Record<string, readonly (readonly [query: string, parameter: string])[]>> = {
  "/jobs": [
    ["stat=Running", "stat"],
    ["state=runs", "state"],
    ["condition=Queueing", "condition"],
    ["limit=0", "limit"],
    ["limit=501", "limit"],
    ["limit=1e2", "limit"],
    ["limit=1&limit=2", "limit"],
    ["cursor=zzz", "cursor"],
    ["cursor=am91cm5hbDox", "cursor"],
    ["label=team", "label"],
    ["createdAfter=yesterday", "createdAfter"],
    [`search=${"x".repeat(201)}`, "search"],
    ["search=a&search=b", "search"],
    ["fingerprint=0123456789AB", "fingerprint"],
    ["retried=yes", "retried"],
    ["__proto__=1", "__proto__"],
    // These would select everything.
    ["state=", "state"],
    ["type=,", "type"],
    ["search=%20", "search"],
    [`type=${Array(101).fill("a")}`, "type"],
    [`label=a:b${"&label=a:b".repeat(100)}`, "label"],
  ],
  "/jobs/:id": [["wait=5", "wait"]],
  "/jobs/:id/input": [["a=1", "a"]],
  "/jobs/:id/explain": [["format=xml", "format"], ["at=", "at"]],
  "/jobs/:id/replay": [
    ["at=", "at"],
    ["at=a%20b", "at"],
    ["at=2026-01-01T01:00:00+01:00", "at"],
    ["to=3", "to"],
    ["at=3&at=4", "at"],
  ],
  "/jobs/:id/diff": [
    ["", "from"],
    ["to=3", "from"],
    ["from=a%2Fb", "from"],
    ["from=3&to=", "to"],
    ["from=3&upTo=4", "upTo"],
  ],
  "/events": [
    ["after=99999", "after"],
    ["after=-1", "after"],
    ["limit=1001", "limit"],
    ["eventType=a..b", "eventType"],
    ["types=a", "types"],
    ["eventType=", "eventType"],
  ],
  "/stream": [
    ["after=999", "after"],
    ["after=x", "after"],
    ["only=all", "only"],
    ["stratum=x", "stratum"],
    ["until=terminal", "until"],
  ],
  "/failures": [["type=", "type"]],
  "/overview": [["spam=1h", "spam"]],
  "/system": [["x=1", "x"]],
};

for (const [path, queries] of Object.entries(WRONG)) {
  for (const [query, parameter] of queries) {
    Deno.test(`GET ${path}?${query} is 422 with the name of the parameter`, async () => {
      const app = await startApp();
      const { jobId } = await createPlan(app);
      const response = await app.get(`${path.replace(":id", jobId)}?${query}`);
      const problem = await problemOf(response, 422, "invalid-request");
      assert.deepEqual(problem.errors?.map((issue) => issue.parameter), [parameter]);
    });
  }
}

Deno.test("POST /jobs: a query is 422", async () => {
  const app = await startApp();
  await problemOf(await app.post("/jobs?dry=1", {}), 422, "invalid-request");
});
