/**
 * Daybook in a separate process, so that its memory is separate from that of the test: unchanged
 * (`sound`), with streams that queue copies of unread data (`unbounded`), or with streams that wait
 * forever for readers (`patient`). Prints its port.
 */

import { readConfiguration } from "../../src/settings/configuration.ts";
import { Daybook } from "../../src/server/daybook.ts";
import { systemClock, systemRandom } from "../../src/server/system.ts";

const [kind = "sound", folder = "", stallMs = "1000"] = Deno.args;

const result = readConfiguration({
  args: [`--journal=${folder}`],
  env: () => undefined,
  readTextFile: () => "",
});
if (result.kind !== "run") throw new Error(`Cannot configure the server: ${result.kind}`);

const daybook = await Daybook.open({
  configuration: result.configuration,
  limits: { streamStallMs: kind === "patient" ? 3_600_000 : Number(stallMs) },
  clock: systemClock,
  random: systemRandom,
  definitions: [],
  warn: console.error,
  onJournalFailed: console.error,
});

/** Reads a whole body, whether or not its reader takes it. */
function queueing(response: Response): Response {
  const { body } = response;
  if (body === null || response.headers.get("content-type") !== "text/event-stream") {
    return response;
  }
  const eager = new ReadableStream<Uint8Array>({
    async start(controller) {
      for await (const chunk of body) controller.enqueue(chunk.slice());
      controller.close();
    },
  });
  return new Response(eager, response);
}

Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(port) },
  async (request) => {
    const response = await daybook.fetch(request);
    return kind === "unbounded" ? queueing(response) : response;
  },
);
