/** Durable `POST /jobs` at 64 clients, against a bare Hono route that parses and answers. */

import { paired, PAYLOAD, type Result, withFolder } from "./fixtures.ts";
import { hasWrk, postLoad } from "./http_load.ts";

type BareKind = "bare" | "bare-large";

const SECONDS = 4;
const ROUNDS = 3;

const CREATED = JSON.stringify({ type: "bench.three", input: { payload: PAYLOAD }, start: false });
const WAITING = JSON.stringify({
  plan: {
    expected: [{
      id: "shipped",
      eventType: "ec.shipment.ShipmentCompleted",
      correlation: { equals: { orderId: "42" } },
    }],
  },
});

export async function postJobs(): Promise<readonly Result[]> {
  return [
    await compare("POST /jobs, a job with code, not started (1 entry)", CREATED, "bare"),
    await compare("the same, against a bare answer as long as ours", CREATED, "bare-large"),
    await compare("POST /jobs, a plan that starts and waits (2 entries)", WAITING, "bare"),
  ];
}

async function compare(name: string, body: string, kind: BareKind): Promise<Result> {
  const bare = await serve(kind, "");
  try {
    const { baseline, measured, ratio } = await paired(
      ROUNDS,
      () => load(bare.url, body),
      () => freshDaybook((url) => load(url, body)),
    );
    const by = await hasWrk() ? "wrk" : "a slow client of our own, so the ratio flatters";
    const figure = `${Math.round(measured)}/s, bare ${Math.round(baseline)}/s (${by})`;
    return { name, figure, ratio, target: 0.3 };
  } finally {
    bare.stop();
  }
}

async function load(url: string, body: string): Promise<number> {
  const { requestsPerSecond, failed } = await postLoad(`${url}/jobs`, body, SECONDS);
  if (failed > 0) throw new Error(`${failed} requests were not accepted`);
  return requestsPerSecond;
}

/** Every round on an empty journal: a server that holds a million jobs is another question. */
async function freshDaybook<Value>(run: (url: string) => Promise<Value>): Promise<Value> {
  return await withFolder(async (folder) => {
    const server = await serve("daybook", folder);
    try {
      return await run(server.url);
    } finally {
      server.stop();
      await server.ended;
    }
  });
}

async function serve(kind: BareKind | "daybook", folder: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("./server.ts", import.meta.url).pathname, kind, folder],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  const port = new TextDecoder().decode(value).trim();
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid,
    stop: () => child.kill("SIGKILL"),
    ended: child.status.then(() => child.stdout.cancel()),
  };
}
