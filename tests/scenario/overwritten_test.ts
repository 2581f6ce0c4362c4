/** An older job that did its work later, about the same thing, and so replaced that of a newer one. */

import assert from "node:assert/strict";
import { Explained } from "../support/engine/explained.ts";
import { type Act, scripted } from "./incident_kit.ts";

interface Published {
  /** What the upload returns. */
  readonly upload?: Act;
  /** What the older job and the newer one are given. */
  readonly older?: object;
  readonly newer?: object;
  /** Whether the first attempt of the older one fails. */
  readonly fails?: boolean;
}

const RETRY = { maxAttempts: 3, initialMs: 3_000, factor: 1, jitter: 0 } as const;

async function published(
  {
    upload = ({ input: { article } }) => ({ path: `/articles/${article}/index.html` }),
    older = { article: "A-9", revision: 1 },
    newer = { article: "A-9", revision: 2 },
    fails = true,
  }: Published,
): Promise<Explained> {
  const daybook = await Explained.start({
    definitions: [
      scripted("article.publish", {
        upload: (about) => {
          if (fails && about.jobId === "older" && about.attempt === 1) throw new Error("502");
          return upload(about);
        },
      }, { retry: RETRY }),
    ],
  });
  for (let at = 10; at < 18; at++) {
    await daybook.submit(`other-${at}`, "article.publish", { article: `A-${at}`, revision: 1 });
  }
  await daybook.submit("older", "article.publish", older);
  await daybook.clock.advance(500);
  await daybook.submit("newer", "article.publish", newer);
  await daybook.clock.advance(10_000);
  return daybook;
}

Deno.test("explain a job that is Done: an older job that did the same step later, about the same thing, is named, and to that one the newer", async () => {
  const daybook = await published({});
  for (const now of [daybook, await daybook.crash()]) {
    const summary = async (jobId: string) => {
      await now.assertCitations(jobId);
      return (await now.explanation(jobId)).summary;
    };
    assert.match(
      await summary("newer"),
      / Task upload of job older, which was created before this job, completed after it did, in attempt 2 at 2026-01-01T00:00:03\.000Z, with the same path = "\/articles\/A-9\/index\.html": it may have overwritten what this job wrote\.$/,
    );
    assert.match(
      await summary("older"),
      / Task upload of job newer, which was created after this job, had completed before it did at 2026-01-01T00:00:00\.500Z, with the same path = .*: this job may have overwritten what that one wrote\.$/,
    );
  }
});

Deno.test("innocent: jobs that did a step in their order, about other things, or with a result that tells of no single thing", async () => {
  for (
    const about of [
      { fails: false },
      { newer: { article: "A-8", revision: 1 }, upload: () => ({ path: "/feeds/x1.html" }) },
      { upload: () => ({ region: "eu-west-1" }) },
      { upload: ({ input: { article } }) => ({ to: `${article}@example.org` }) },
      { upload: ({ input: { article, revision } }) => ({ path: `/${article}/r${revision}.html` }) },
      { newer: { number: 2 }, older: { number: 1 }, upload: () => ({ path: "/a/index.html" }) },
    ] satisfies readonly Published[]
  ) {
    const daybook = await published(about);
    for (const jobId of ["newer", "older"]) {
      assert.doesNotMatch((await daybook.explanation(jobId)).summary, /overwritten/);
    }
  }
});
