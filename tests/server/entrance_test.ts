/** What a process reports while it reads a long journal. */

import assert from "node:assert/strict";
import { StartProgress } from "../../src/server/entrance.ts";
import { facts, RememberingConsumer } from "../support/journal/journal_events.ts";
import { testWithFolder } from "../support/journal/journal_folder.ts";

class Clock {
  nowMs = 0;
  pauses = 0;

  monotonic(): number {
    return this.nowMs;
  }

  pause(): Promise<void> {
    this.pauses++;
    return Promise.resolve();
  }
}

function opening() {
  const clock = new Clock();
  const lines: string[] = [];
  return { clock, lines, opening: new StartProgress(clock, (line) => lines.push(line)) };
}

const ask = ({ fetch }: StartProgress, path: string) =>
  fetch(new Request(`http://127.0.0.1${path}`));

Deno.test("opening: it yields every twenty milliseconds, and prints a line every two seconds", async () => {
  const { clock, lines, opening: { progress } } = opening();
  for (let ms = 0; ms < 5_000; ms += 5) {
    clock.nowMs = ms;
    await progress(ms * 1_000_000, 5_000_000_000);
  }
  assert.ok(clock.pauses > 200 && clock.pauses <= 250, `${clock.pauses} pauses`);
  assert.deepEqual(lines, [
    "reading the journal: 40 % of 4.7 GiB",
    "reading the journal: 80 % of 4.7 GiB",
  ]);
});

Deno.test("opening: /livez answers, and /readyz shows the progress", async () => {
  const { clock, opening: reading } = opening();
  assert.equal((await ask(reading, "/livez")).status, 200);
  const { detail } = await (await ask(reading, "/readyz")).json();
  assert.equal(detail, "Cannot answer yet: the journal is being opened", "nothing is read yet");
  clock.nowMs = 30;
  await reading.progress(250_000_000, 1_000_000_000);
  for (const path of ["/readyz", "/jobs"]) {
    const answer = await ask(reading, path);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("retry-after"), "1");
    const { detail, instance } = await answer.json();
    assert.equal(detail, "Cannot answer yet: reading the journal: 25 % of 954 MiB");
    assert.equal(instance, path);
  }
});

testWithFolder(
  "opening: a journal reports all its bytes in order, and waits on request",
  async (folder) => {
    const options = { segmentBytes: 2_000 };
    const { journal } = await folder.open(new RememberingConsumer(), options);
    for (let batch = 0; batch < 20; batch++) await journal.append(facts(2)).durable;
    await journal.close();
    for (const name of await folder.names("snapshots")) {
      await Deno.remove(`${folder.path}/snapshots/${name}`);
    }
    const told: (readonly [number, number])[] = [];
    let waited = 0;
    const again = await folder.open(new RememberingConsumer(), {
      ...options,
      progress(done, total) {
        told.push([done, total]);
        return Promise.resolve().then(() => void waited++);
      },
    });
    const { bytes } = await again.journal.info();
    await again.journal.close();
    assert.deepEqual(told.at(-1), [bytes, bytes]);
    assert.deepEqual(told, told.toSorted(([left], [right]) => left - right));
    assert.equal(waited, told.length);
  },
);
