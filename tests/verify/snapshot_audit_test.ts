import assert from "node:assert/strict";
import { ulid } from "@std/ulid";
import { Buffer } from "node:buffer";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventId, eventType } from "../../src/core/ids.ts";
import { ContentComparison, type ContentDifference } from "../../src/verify/snapshot_audit.ts";
import { Projection } from "../../src/engine/writer/projection.ts";
import { codedJob } from "../support/engine/entries.ts";

/** The position of a snapshot does not matter here. */
const HEAD = { logId: 0, chain: "" };

const RECEIVED_MS = Date.UTC(2026, 0, 1);

function fact(logId: number): JobEventLogEntry {
  return {
    logId,
    receivedAt: "2026-01-01T00:00:00.000Z",
    occurredAt: "2026-01-01T00:00:00.000Z",
    stratum: "domain",
    // Every other id contains its time.
    eventId: eventId(logId % 2 === 0 ? `evt_${logId}` : `evt_${ulid(RECEIVED_MS)}`),
    eventType: eventType("test.Happened"),
    attributes: { number: logId, group: `g${logId % 7}` },
  };
}

function see(projection: Projection, first: number, last: number): void {
  for (let logId = first; logId <= last; logId++) projection.replay(fact(logId));
}

function compared(
  found: readonly string[],
  expected: Iterable<string>,
): ContentDifference | undefined {
  const comparison = new ContentComparison(expected);
  for (const line of found) comparison.take(line);
  return comparison.end();
}

/** Changes the words of a column that fits on one line. */
function withWords(line: string, column: string, change: (words: Uint32Array) => void): string {
  const start = `{"column":"${column}","part":"`;
  if (!line.startsWith(start)) return line;
  const bytes = new Uint8Array(Buffer.from(line.slice(start.length, -2), "base64"));
  change(new Uint32Array(bytes.buffer, 0, bytes.length >> 2));
  return `${start}${Buffer.from(bytes).toString("base64")}"}`;
}

Deno.test("content: other numbers in a table are a difference", () => {
  const expected = new Projection();
  see(expected, 1, 500);
  for (
    const [column, at] of [["eventTimes", 1], ["eventIds", 7]] as const
  ) {
    const found = [...expected.capture(HEAD)].map((line) =>
      withWords(line, column, (words) => words.set([(words[at] ?? 0) ^ 4], at))
    );
    const difference = compared(found, expected.capture(HEAD));
    assert.ok(difference?.kind === "content");
    assert.ok(difference.reason.endsWith(`column ${column} differs from the journal`));
  }
});

Deno.test("content: it is the same after a restart from a snapshot and after a full replay", () => {
  const replayed = new Projection();
  see(replayed, 1, 9_000);
  for (const restart of [1_000, 5_000, 9_000]) {
    const [before, restored] = [new Projection(), new Projection()];
    see(before, 1, restart);
    assert.ok(restored.restore([...before.capture(HEAD)]));
    see(restored, restart + 1, 9_000);
    assert.equal(
      compared([...restored.capture(HEAD)], replayed.capture(HEAD)),
      undefined,
      `${restart}`,
    );
  }
});

Deno.test("content: an added, missing or changed entry is a difference", () => {
  const projections = [[1, 999], [1, 1_001], [2, 1_001]].map(([first = 0, last = 0]) => {
    const projection = new Projection();
    see(projection, first, last);
    return [...projection.capture(HEAD)];
  });
  const expected = new Projection();
  see(expected, 1, 1_000);
  for (const found of projections) {
    assert.equal(compared(found, expected.capture(HEAD))?.kind, "content");
  }
  const whole = [...expected.capture(HEAD)];
  assert.equal(compared(whole, expected.capture(HEAD)), undefined);
  assert.equal(compared(whole.slice(0, -1), expected.capture(HEAD))?.kind, "content");
});

Deno.test("content: parts that are not integers are a difference", () => {
  const expected = new Projection();
  see(expected, 1, 10);
  for (const edited of ["AAAA", "AAAAAA==", "", "AAAAAAAA"]) {
    const found = [...expected.capture(HEAD)].map((line) =>
      line.replace(/("eventIds","part":")([^"]*)/, (_, start, part) => start + part + edited)
    );
    const difference = compared(found, expected.capture(HEAD));
    assert.equal(difference?.kind, edited === "" ? undefined : "content", edited);
  }
});

Deno.test("content: another version is distinguished from a change", () => {
  const expected = new Projection();
  const [version = "", ...rest] = expected.capture(HEAD);
  assert.match(version, /^\{"content":\d+\}$/);
  assert.deepEqual(compared(['{"content":99}', ...rest], expected.capture(HEAD)), {
    kind: "version",
  });
  assert.equal(compared(['{"content":"x"}', ...rest], expected.capture(HEAD))?.kind, "content");
});

Deno.test("content: starts kept for a rate in code are not a difference, because a verification loads no code", () => {
  const running = new Projection(undefined, () => ({ count: 5, perMs: 60_000 }));
  const proof = new Projection();
  for (const entry of codedJob().started().mainStarted().entries) {
    running.replay(entry);
    proof.replay(entry);
  }
  const found = [...running.capture(HEAD)];
  assert.ok(found.some((line) => line.includes('"starts"')));
  assert.equal(compared(found, proof.capture(HEAD)), undefined);
  assert.equal(compared([...proof.capture(HEAD)], found), undefined);
  const [first = "", , ...rest] = found.filter((line) => !line.includes('"starts"'));
  assert.equal(compared([first, ...rest], proof.capture(HEAD))?.kind, "content");
});
