/** What happens to the whole process is recorded while there is room, and within limits. */

import assert from "node:assert/strict";
import type { EventDraft } from "../../src/core/event.ts";
import type { JobId, TaskId } from "../../src/core/ids.ts";
import type { JsonObject, JsonValue } from "../../src/core/json.ts";
import type { Urgency } from "../../src/engine/ports.ts";
import { ProcessFacts, type UncaughtError } from "../../src/engine/writer/process_facts.ts";
import { LiveSecrets } from "../../src/engine/secrets/secret_guard.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** Facts of a leading process, and what a disk takes of them. */
function onDisk(isFull: boolean) {
  const recorded: EventDraft[] = [];
  const writer = {
    tryAppend(drafts: readonly EventDraft[], urgency: Urgency) {
      if (isFull && urgency === "ordinary") return "full" as const;
      recorded.push(...drafts);
      return { entries: [], steps: [], firstLogId: 1, lastLogId: 1, onLost: undefined };
    },
  };
  const clock = new FakeClock();
  const liveSecrets = new LiveSecrets();
  const facts = new ProcessFacts({ clock, writer, liveSecrets, leads: true, failed: false });
  return { facts, clock, recorded };
}

for (const [disk, expected] of [["with room", 2], ["that is full", 0]] as const) {
  Deno.test(`process facts: a disk ${disk} takes ${expected} of 2, and keeps its reserve for jobs`, () => {
    const { facts, clock, recorded } = onDisk(expected === 0);
    facts.loopBlocked({ blockedMs: 4_000, open: [] });
    clock.jump(60_000);
    facts.lookAtClock();

    assert.equal(recorded.length, expected, JSON.stringify(recorded));
  });
}

function threw(message: string, jobId?: string): UncaughtError {
  const thrown = Object.assign(new Error(message), { stack: "" });
  if (jobId === undefined) return { kind: "reported", thrown, open: [] };
  const name = { jobId: jobId as JobId, taskId: "charge" as TaskId, number: 1, isUndoing: false };
  return { kind: "rejection", thrown, attempt: name };
}

function more({ recorded }: ReturnType<typeof onDisk>): readonly (JsonValue | undefined)[] {
  return recorded.map(({ attributes }) => (attributes as JsonObject)["more"]);
}

Deno.test("process facts: an equal uncaught error is counted in the next entry, and recorded again after a minute", async () => {
  const disk = onDisk(false);
  for (let time = 0; time < 5; time++) disk.facts.errorUncaught(threw("declined", "job-1"));
  disk.facts.errorUncaught(threw("declined", "job-2"));
  disk.clock.jump(60_000);
  disk.facts.errorUncaught(threw("declined", "job-1"));
  assert.deepEqual(more(disk), [undefined, 4], "a clock that is set is no minute");
  await disk.clock.advance(60_000);
  disk.facts.errorUncaught(threw("declined", "job-1"));

  assert.deepEqual(more(disk), [undefined, 4, 1]);
});

Deno.test("process facts: a minute has at most 60 uncaught errors, 3 of one job, and 65,536 characters", () => {
  const counts = [
    Array.from({ length: 500 }, (_, at) => threw(`${at}`, "job-1")),
    Array.from({ length: 500 }, (_, at) => threw(`${at}`, `job-${at}`)),
    Array.from({ length: 500 }, (_, at) => threw(`${at}`)),
    Array.from({ length: 500 }, (_, at) => threw(`${at}`.padEnd(100_000, "x"))),
  ].map((errors) => {
    const { facts, recorded } = onDisk(false);
    for (const error of errors) facts.errorUncaught(error);
    return recorded.length;
  });

  assert.deepEqual(counts, [3, 60, 60, 16]);
});
