/** How long a stop may take. */

import assert from "node:assert/strict";
import { Daybook } from "../../src/server/daybook.ts";
import { systemRandom } from "../../src/server/system.ts";
import { readConfiguration } from "../../src/settings/configuration.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { inFolder } from "../support/temporary_folder.ts";

Deno.test("stop: a client that does not read its answer delays it by three seconds, even without a drain", () =>
  inFolder(async (folder) => {
    const args = [`--journal=${folder}/journal`, "--drain=0s"];
    const read = readConfiguration({ args, env: () => undefined, readTextFile: () => "" });
    assert.ok(read.kind === "run");
    const clock = new FakeClock();
    const daybook = await Daybook.open({
      configuration: read.configuration,
      clock,
      random: systemRandom,
      definitions: [],
      warn: assert.fail,
      onJournalFailed: assert.fail,
    });
    const closing = Promise.withResolvers<void>();
    let isStopped = false;
    const stopped = daybook.stop(() => {
      closing.resolve();
      return new Promise(() => {});
    }).then(() => isStopped = true);
    await closing.promise;
    await clock.advance(2_999);
    assert.ok(!isStopped);
    await clock.advance(1);
    await stopped;
  }));
