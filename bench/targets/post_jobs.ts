/**
 * Durable `POST /jobs` from 64 connections, compared with a bare Hono server that parses and
 * answers, and with a server that only makes a line of the same length durable.
 */

import { inRounds, medianOf, perSecond, whole } from "../figures.ts";
import { postFor } from "../load/wrk.ts";
import { startBare } from "../server/bare.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { startFloor } from "../server/floor.ts";
import { atLeast, type Row } from "../table.ts";
import { HELD_JOB, WITHOUT_SNAPSHOTS } from "./job_bodies.ts";

const ROUNDS = 3;
/** About as long as V8 takes until it has optimized the code of a submission. */
const WARM_UP_SECONDS = 5;
/** After a process has been idle. */
const RESUMING_SECONDS = 1;
const SECONDS = 3;
const MINIMAL = "return=minimal";

export async function postJobsRows(): Promise<readonly Row[]> {
  await using bare = await startBare();
  await using floor = await startFloor();
  for (const { url } of [bare, floor]) await submit(url, WARM_UP_SECONDS);
  const rounds = await inRounds(ROUNDS, async () => ({
    bare: await rate(bare.url),
    floor: await rates(floor.url),
    daybook: await daybook(),
  }));
  const row = (what: string, kind: "full" | "minimal", target: number, beyond: number): Row => {
    const median = (server: "floor" | "daybook") =>
      whole(medianOf(rounds, (round) => round[server][kind]));
    const ratio = (server: "floor" | "daybook") =>
      medianOf(rounds, (round) => round[server][kind] / round.bare);
    return {
      what,
      measured: `${median("daybook")}/s`,
      baseline: `bare Hono: ${whole(medianOf(rounds, (round) => round.bare))}/s`,
      reached: `${ratio("daybook").toFixed(2)} of it`,
      floor: `${ratio("floor").toFixed(2)}, ${median("floor")}/s`,
      target: `${target} (${beyond})`,
      verdict: atLeast(ratio("daybook"), target, beyond),
    };
  };
  return [
    row("durable POST /jobs, full answer", "full", 0.35, 0.4),
    row("the same with Prefer: return=minimal", "minimal", 0.45, 0.5),
  ];
}

interface Rates {
  readonly full: number;
  readonly minimal: number;
}

/** On a new journal each time: one with a million waiting jobs is not measured here. */
async function daybook(): Promise<Rates> {
  await using server = await startDaybook({ flags: WITHOUT_SNAPSHOTS });
  using _company = await keepCompany(server.url);
  await submit(server.url, WARM_UP_SECONDS);
  return await rates(server.url);
}

async function rates(url: string): Promise<Rates> {
  return { full: await rate(url), minimal: await rate(url, MINIMAL) };
}

async function rate(url: string, prefer = ""): Promise<number> {
  await submit(url, RESUMING_SECONDS, prefer);
  const { answered, elapsedMs } = await submit(url, SECONDS, prefer);
  return perSecond(answered, elapsedMs);
}

function submit(url: string, seconds: number, prefer = "") {
  return postFor(seconds, { url: `${url}/jobs`, body: HELD_JOB, prefer });
}
