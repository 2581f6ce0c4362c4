/** What happens to the whole process is recorded while there is room. */

import assert from "node:assert/strict";
import type { EventDraft } from "../../src/core/event.ts";
import type { Urgency } from "../../src/engine/ports.ts";
import { ProcessFacts } from "../../src/engine/run/process_facts.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** Facts of a leading process, and what a disk takes of them. */
function onDisk(isFull: boolean) {
  const recorded: string[] = [];
  const writer = {
    tryAppend(drafts: readonly EventDraft[], urgency: Urgency) {
      if (isFull && urgency === "ordinary") return "full" as const;
      recorded.push(...drafts.map(({ eventType }) => eventType));
      return { entries: [], steps: [], firstLogId: 1, lastLogId: 1, onLost: undefined };
    },
  };
  const clock = new FakeClock();
  const facts = new ProcessFacts({ clock, writer, leads: true, failed: false });
  return { facts, clock, recorded };
}

for (const [disk, expected] of [["with room", 2], ["that is full", 0]] as const) {
  Deno.test(`process facts: a disk ${disk} takes ${expected} of 2, and keeps its reserve for jobs`, () => {
    const { facts, clock, recorded } = onDisk(expected === 0);
    facts.loopBlocked({ blockedMs: 4_000, open: [] });
    clock.jump(60_000);
    facts.lookAtClock();

    assert.equal(recorded.length, expected, recorded.join());
  });
}
