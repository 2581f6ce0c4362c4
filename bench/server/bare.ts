/**
 * A bare Hono server on `Deno.serve`, in a separate process, as the baseline for Daybook: `POST
 * /jobs` parses the body and answers a few bytes; `POST /events` parses the body and sends it to
 * every reader of `GET /stream`; each reader of `GET /flood` gets the same chunk repeatedly, as
 * fast as it reads. It stores nothing.
 */

import { Hono } from "hono";
import { type ServerProcess, serverProcess } from "./process.ts";

export function startBare(): Promise<ServerProcess> {
  return serverProcess(["run", "--allow-net=127.0.0.1", import.meta.url]);
}

/** Makes its messages as long as Daybook's. */
const PADDING = "x".repeat(160);

type Reader = ReadableStreamDefaultController<Uint8Array>;

function bareApp(): Hono {
  const app = new Hono();
  const readers = new Set<Reader>();
  const encoder = new TextEncoder();
  let events = 0;
  app.post("/jobs", async (c) => c.json({ accepted: typeof await c.req.json() }, 202));
  app.post("/events", async (c) => {
    const event = { ...await c.req.json(), padding: PADDING };
    const message = encoder.encode(`id: ${++events}\ndata: ${JSON.stringify(event)}\n\n`);
    for (const reader of readers) reader.enqueue(message);
    return c.json({ accepted: true });
  });
  app.get("/stream", () => new Response(streamTo(readers), { headers: EVENT_STREAM }));
  app.get("/flood", () => new Response(flood(), { headers: EVENT_STREAM }));
  return app;
}

const EVENT_STREAM = { "content-type": "text/event-stream" };

function streamTo(readers: Set<Reader>): ReadableStream<Uint8Array> {
  let own: Reader | undefined;
  return new ReadableStream({
    start(controller) {
      own = controller;
      controller.enqueue(new TextEncoder().encode("id: 0\n\n"));
      readers.add(controller);
    },
    cancel: () => void (own !== undefined && readers.delete(own)),
  });
}

/** The size of Daybook's chunks. */
const CHUNK = new TextEncoder().encode(`data: ${"x".repeat(16 * 1024)}\n\n`);

/** Without its own buffer, so that the only cost is what Deno reads ahead. */
function flood(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(CHUNK) }, {
    highWaterMark: 0,
  });
}

if (import.meta.main) {
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
  }, bareApp().fetch);
}
