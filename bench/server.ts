/**
 * A server for the HTTP benchmarks, in a process of its own: `daybook`, or `bare`, a Hono
 * route that only parses the same body and answers. Prints its port.
 */

import { Hono } from "hono";
import { openDaybook } from "./fixtures.ts";

function bareFetch(): (request: Request) => Response | Promise<Response> {
  const app = new Hono();
  app.post("/jobs", async (c) => c.json({ accepted: typeof await c.req.json() }, 202));
  return (request) => app.fetch(request);
}

const [kind, folder] = Deno.args;
const fetch = kind === "bare"
  ? bareFetch()
  : (await openDaybook(folder ?? "", ["--max-running", "64"])).fetch;
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
}, fetch);
