/** Pages with large entries: these are shortened in separate turns before they are shown. */

import assert from "node:assert/strict";
import { FakeClock } from "../support/fake_clock.ts";
import { pageOf } from "../support/http/dashboard.ts";
import { startApp } from "../support/http/http_app.ts";

const EVENTS = 40;

/** A clock that advances some milliseconds at each reading. */
class SlowClock extends FakeClock {
  #ms = 0;

  override monotonic(): number {
    return this.#ms += 4;
  }
}

/** The page with this many events of this size, and the number of turns that it takes. */
async function asked(path: string, attributes: object) {
  const clock = new SlowClock();
  const app = await startApp({ clock });
  const plan = { expected: [{ id: "e", eventType: "shop.Large", multiplicity: { times: 99 } }] };
  await app.post("/jobs", { jobId: "large", plan });
  for (let n = 0; n < EVENTS; n++) {
    await app.post("/events", { eventType: "shop.Large", jobId: "large", attributes });
  }
  const before = clock.turns;
  const html = await pageOf(app, path);
  return { turns: clock.turns - before, html };
}

for (const path of ["/ui/jobs/large", "/ui/stream", "/ui/stream?types=shop.Large"]) {
  Deno.test(`${path}: large entries are shortened a few at a time, in separate turns`, async () => {
    const names = Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`name${n}`, n]));
    const [small, large] = [await asked(path, { name0: 0 }), await asked(path, names)];
    assert.ok(large.turns - small.turns >= EVENTS / 4, `${large.turns}, not ${small.turns}`);
    assert.match(large.html, /&quot;name0&quot;: 0/);
    assert.doesNotMatch(large.html, /name999/);
    assert.match(large.html, /\d+ more characters/);
    assert.doesNotMatch(small.html, /more characters/);
  });
}
