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
const WARM_UP_SECONDS = 2;
const SECONDS = 3;
const MINIMAL = "return=minimal";

export async function postJobsRows(): Promise<readonly Row[]> {
  await using bare = await startBare();
  await using floor = await startFloor();
  const rounds = await inRounds(ROUNDS, async () => ({
    bare: await rate(bare.url),
    full: { floor: await rate(floor.url), daybook: await daybook() },
    minimal: { floor: await rate(floor.url, MINIMAL), daybook: await daybook(MINIMAL) },
  }));
  const row = (what: string, kind: "full" | "minimal", target: number, beyond: number): Row => {
    const median = (server: "floor" | "daybook") =>
      whole(medianOf(rounds, (round) => round[kind][server]));
    const ratio = (server: "floor" | "daybook") =>
      medianOf(rounds, (round) => round[kind][server] / round.bare);
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

/** On an empty journal each time: one with a million jobs is not measured here. */
async function daybook(prefer?: string): Promise<number> {
  await using server = await startDaybook({ flags: WITHOUT_SNAPSHOTS });
  using _company = await keepCompany(server.url);
  return await rate(server.url, prefer);
}

async function rate(url: string, prefer = ""): Promise<number> {
  const load = { url: `${url}/jobs`, body: HELD_JOB, prefer };
  await postFor(WARM_UP_SECONDS, load);
  const { answered, elapsedMs } = await postFor(SECONDS, load);
  return perSecond(answered, elapsedMs);
}
