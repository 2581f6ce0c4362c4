/** What a thread runs: it loads a module of definitions, and calls the code of one job at a time. */

import { type MessagePort, workerData } from "node:worker_threads";
import type { AnyJobDefinition } from "../engine/definition.ts";
import type { FromThread, ToThread } from "./protocol.ts";
import { attemptHere } from "../engine/run/current_attempt.ts";
import { endOnlyThisThread, takePrinted } from "./globals.ts";
import { ThreadedJob } from "./threaded_job.ts";
import { thrownData } from "./thrown_data.ts";
import { surviveUncaught } from "../uncaught.ts";
import { TurnGuard } from "./turn_guard.ts";

const { module, port } = workerData as { readonly module: string; readonly port: MessagePort };
const post = (message: FromThread) => port.postMessage(message);

let job: ThreadedJob | undefined;
const guard = new TurnGuard({
  limitMs: () => job?.limitMs() ?? 60_000,
  cutOff: (afterMs) => post({ kind: "stuck", call: job?.call ?? 0, afterMs }),
});

/** What the module exports, alone or in lists. */
async function definitionsOf(): Promise<readonly AnyJobDefinition[]> {
  const exported: Record<string, unknown> = await import(module);
  return Object.values(exported).flat() as AnyJobDefinition[];
}

function begin(definitions: readonly AnyJobDefinition[]): void {
  port.on("message", (message: ToThread) => {
    const { call } = message;
    guard.enter(() => {
      if (message.kind === "run") {
        const { type, version } = message;
        const definition = definitions.find((other) =>
          other?.type === type && other.version === version
        );
        job = new ThreadedJob(message, (said) => post({ call, ...said }));
        job.begin(definition);
      } else job?.receive(message);
    });
    post({ kind: "rested", call });
  });
  guard.begin();
  post({ kind: "ready" });
}

endOnlyThisThread();
takePrinted((text) => {
  job?.printed(text, attemptHere()?.taskId);
  return job !== undefined;
});
surviveUncaught((message) => console.error(`daybook: ${message}`));
definitionsOf().then(begin).catch((error) => post({ kind: "broken", thrown: thrownData(error) }));
