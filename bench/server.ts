/**
 * A server for the HTTP benchmarks, in a process of its own: `daybook`; `bare`, a Hono
 * route that only parses the same body and answers with a few bytes; or `bare-large`, the
 * same with an answer as long as Daybook's. Prints its port.
 */

import { Hono } from "hono";
import { openDaybook } from "./fixtures.ts";

/** About what the job resource of `POST /jobs` takes. */
const LARGE_ANSWER = "x".repeat(700);

function bareFetch(padding: string): (request: Request) => Response | Promise<Response> {
  const app = new Hono();
  app.post("/jobs", async (c) => c.json({ accepted: typeof await c.req.json(), padding }, 202));
  return (request) => app.fetch(request);
}

const [kind, folder] = Deno.args;
const fetch = kind === "bare"
  ? bareFetch("")
  : kind === "bare-large"
  ? bareFetch(LARGE_ANSWER)
  : (await openDaybook(folder ?? "", ["--max-running", "64"])).fetch;
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, fetch);
