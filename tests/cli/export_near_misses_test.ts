/** A moved job has the same explanation in the new journal as in the old one. */

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/core/json.ts";
import { expectation, plan } from "../support/engine/entries.ts";
import { explainedOffline } from "./explained_offline.ts";
import { type JournalHome, testWithHomes } from "./journal_home.ts";
import { runJournal } from "../support/process/journal_command.ts";

const TYPE = "shop.ParcelShipped";
const CORRELATION = { equals: { orderId: 42, region: "EU" } };
const PLAN = plan([expectation("shipped", TYPE, { correlation: CORRELATION })]);

async function move(id: string, old: JournalHome, fresh: JournalHome): Promise<void> {
  const { code, out, err } = await runJournal(["export", id, "--journal", old.folder]);
  assert.equal(code, 0, err.join("\n"));
  await Deno.mkdir(fresh.folder, { recursive: true });
  const path = fresh.path(`${id}.ndjson`);
  await Deno.writeTextFile(path, out.map((line) => `${line}\n`).join(""));
  const imported = await runJournal(["import", path, "--journal", fresh.folder, "--unfinished"]);
  assert.equal(imported.code, 0, imported.err.join("\n"));
}

const STORIES: Readonly<Record<string, (at: number) => JsonObject>> = {
  "the right order in other regions": (at) => ({ orderId: 42, region: `R${at}` }),
  "other orders in the right region": (at) => ({ orderId: 100 + at, region: "EU" }),
  "other orders in other regions": (at) => ({ orderId: 100 + at, region: `R${at}` }),
};

for (const [what, attributes] of Object.entries(STORIES)) {
  for (const count of [1, 4, 17, 40]) {
    testWithHomes(
      `import: ${count} near misses are explained as before: ${what}`,
      [],
      async (old, fresh) => {
        await old.start();
        const id = await old.create({ plan: PLAN });
        for (let at = 0; at < count; at++) await old.event(TYPE, attributes(at));
        old.crash();

        await move(id, old, fresh);

        assert.deepEqual(
          await explainedOffline(fresh.folder, id),
          await explainedOffline(old.folder, id),
        );
      },
    );
  }
}

testWithHomes(
  "import: several jobs imported in another order have the same near misses",
  [],
  async (old, fresh) => {
    await old.start();
    const ids = [];
    for (const orderId of [41, 42, 43]) {
      const correlation = { equals: { orderId, region: "EU" } };
      ids.push(await old.create({ plan: plan([expectation("shipped", TYPE, { correlation })]) }));
    }
    // Each misses all three jobs by one or two clauses, and is the nearest for some of them.
    for (const orderId of [43, 41, 42, 42, 41, 43]) {
      await old.clock.advance(1_000);
      await old.event(TYPE, { orderId: `${orderId}`, region: "EU" });
    }
    old.crash();

    for (const id of ids.toReversed()) await move(id, old, fresh);

    for (const id of ids) {
      const there = await explainedOffline(old.folder, id);
      assert.equal(there.waitingFor[0]?.nearMisses.length, 2);
      assert.deepEqual(await explainedOffline(fresh.folder, id), there);
    }
  },
);

testWithHomes(
  "import: of equally near misses the latest is named first, wherever it is",
  [],
  async (old, fresh) => {
    await old.start();
    const id = await old.create({ plan: PLAN });
    const other = await old.create({
      plan: plan([expectation("shipped", TYPE, { correlation: { equals: { orderId: "42" } } })]),
    });
    for (let at = 0; at < 3; at++) {
      await old.clock.advance(1_000);
      // The other job's export includes the last one, if it moves first.
      await old.event(TYPE, { orderId: at === 2 ? "42" : " 42", region: "EU" });
    }
    old.crash();

    for (const one of [other, id]) await move(one, old, fresh);

    for (const one of [id, other]) {
      assert.deepEqual(
        await explainedOffline(fresh.folder, one),
        await explainedOffline(old.folder, one),
      );
    }
  },
);
