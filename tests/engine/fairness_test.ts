/** One key with very many jobs, ten keys with ten: how long each waits, in grants. */

import assert from "node:assert/strict";
import { rounds } from "../support/effort.ts";
import { fairnessPicture, grantsOf, smallBegun } from "./fairness.ts";

const LARGE = rounds(10_000, 100_000, 2_000);
const PICTURE = new URL("../../src/manual/pictures/fairness.svg", import.meta.url);

Deno.test("fairness: the first job of each small key starts after the large key's places plus one job, and all hundred take turns", () => {
  const [workers, perKey] = [4, 2];
  const grants = grantsOf({ large: LARGE, workers, limits: { perKey }, hasKeys: true });
  assert.equal(grants.length, LARGE + 100);
  for (let key = 0; key < 10; key++) {
    const first = grants.indexOf(`small-${key}`);
    const large = grants.slice(0, first).filter((granted) => granted === "large").length;
    assert.ok(large <= perKey + 1, `small-${key} waited for ${large} jobs of the large key`);
  }
  // Each key, including the large one, has one turn in eleven.
  assert.equal(smallBegun(grants, 120).at(-1), 100);
});

Deno.test("fairness: without limits the large key still gets only its turn", () => {
  const grants = grantsOf({ large: LARGE, workers: 4, limits: {}, hasKeys: true });
  // It came first, so it has all workers.
  assert.deepEqual(grants.slice(0, 4), ["large", "large", "large", "large"]);
  assert.equal(smallBegun(grants, 4 + 110).at(-1), 100);
});

Deno.test("fairness: with first in, first out they wait for all, so the run distinguishes the two", () => {
  const grants = grantsOf({ large: LARGE, workers: 4, limits: {}, hasKeys: false });
  assert.equal(smallBegun(grants, LARGE).at(-1), 0);
});

Deno.test("fairness: the picture in the manual shows this run", async () => {
  const picture = fairnessPicture(
    grantsOf({ large: LARGE, workers: 4, limits: { perKey: 2 }, hasKeys: true }),
    grantsOf({ large: LARGE, workers: 4, limits: {}, hasKeys: false }),
  );
  if (Deno.env.get("DAYBOOK_DRAW") !== undefined) await Deno.writeTextFile(PICTURE, picture);
  const drawn = (text: string) => text.replaceAll(/\s+/g, "");
  assert.equal(drawn(await Deno.readTextFile(PICTURE)), drawn(picture));
});
