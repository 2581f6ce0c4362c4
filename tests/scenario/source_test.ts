/** A result that sets failed jobs apart, and the job of another type that had returned it before. */

import assert from "node:assert/strict";
import { NonRetryableError } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { type Act, scripted } from "./incident_kit.ts";

interface Rates {
  /** What the refresh of a currency returns. */
  readonly refresh: Act;
  /** What a quote returns from its first step. */
  readonly convert: Act;
}

const RATES: Rates = {
  refresh: ({ input: { rate, source } }) => ({ rate, source }),
  convert: ({ input: { rate } }) => ({ rate }),
};

/** Quotes by rates that change, until one refresh takes a default; those with it fail. */
async function quoted(
  { refresh = RATES.refresh, convert = RATES.convert }: Partial<Rates> = {},
  bad = 4,
): Promise<Explained> {
  const daybook = await Explained.start({
    definitions: [
      scripted("fx.refresh", { fetch: refresh }),
      scripted("trip.quote", {
        convert,
        check: ({ jobId, input: { price } }) => {
          if (isBad(jobId)) throw new NonRetryableError("price 81.9 differs from our quote");
          return { ok: price };
        },
      }),
    ],
  });
  const rates = [0.92, 1.17, 0.93, 1.18, 0.94];
  for (const [at, rate] of rates.entries()) {
    await daybook.submit(`fx-${at}`, "fx.refresh", { rate, source: "api" });
    for (let number = 0; number < 3; number++) {
      await daybook.submit(`good-${at}-${number}`, "trip.quote", { rate, price: 100 + number });
    }
    await daybook.clock.advance(60_000);
  }
  await daybook.submit("fx-odd", "fx.refresh", { rate: 0.79, source: "defaults" });
  for (let at = 0; at < bad; at++) {
    await daybook.submit(`bad-${at}`, "trip.quote", { rate: rates[at % 5], price: 100 + at });
    await daybook.submit(`fine-${at}`, "trip.quote", { rate: rates[at % 5], price: 90 + at });
  }
  return daybook;
}

const isBad = (jobId: string) => jobId.startsWith("bad");

const fallback: Act = ({ jobId, input: { rate } }) => ({ rate: isBad(jobId) ? 0.79 : rate });

async function told(daybook: Explained, jobId = "bad-1") {
  const { summary, next } = await daybook.explanation(jobId);
  await daybook.assertCitations(jobId);
  return { summary, next: next.map(({ statement }) => statement) };
}

Deno.test("contrast: a result that all jobs with the same failure have is named, with the job that had returned it before, and what sets that job apart", async () => {
  const daybook = await quoted({ convert: fallback });
  const { summary, next } = await told(daybook);
  assert.match(
    summary,
    /All 4 jobs that failed like this have result of convert\.rate = 0\.79; none of the 19 that went through has\. The first, bad-0, was created at [^ ]+\. Job fx-odd \(fx\.refresh\) had returned rate = 0\.79 before, from task fetch at [^ ]+\. It has result of fetch\.source = "defaults", where all 5 that went through have "api"/,
  );
  assert.ok(next.some((step) => step.startsWith("Then retry it from task convert, whose result")));
});

Deno.test("contrast: a result is not named that one job which went through has too, that is a time, or that few have", async () => {
  for (
    const convert of [
      (({ jobId, input: { price, rate } }) => ({
        rate: isBad(jobId) || price === 90 ? 0.79 : rate,
      })) as Act,
      (({ jobId, input: { rate } }) => ({
        ...{ rate, took_ms: isBad(jobId) ? 3 : Number(rate) * 100 },
        day: isBad(jobId) ? "2026-12-03" : `2026-11-1${String(rate).at(-1)}`,
      })) as Act,
    ]
  ) {
    const { summary } = await told(await quoted({ convert }));
    assert.doesNotMatch(summary, /result of/);
  }
  const { summary } = await told(await quoted({ convert: fallback }, 2));
  assert.doesNotMatch(summary, /result of|fx-odd/);
});

Deno.test("contrast: no other job is named for a result that jobs of its type always return, or that came later", async () => {
  const usual = await quoted({ convert: fallback, refresh: () => ({ rate: 0.79 }) });
  assert.doesNotMatch((await told(usual)).summary, /had returned/);
  const later = await quoted({ convert: fallback, refresh: () => ({ rate: 1 }) });
  await later.submit("fx-late", "fx.refresh", { rate: 0.79, source: "api" });
  const { summary } = await told(later);
  assert.match(summary, /result of convert\.rate = 0\.79/);
  assert.doesNotMatch(summary, /had returned/);
});

Deno.test("explain a failure: a number of the input is not shown that the error has as another one", async () => {
  const daybook = await quoted({ convert: fallback });
  assert.doesNotMatch((await told(daybook)).summary, /its input has price/);
});
