/** Durable `POST /jobs` from 64 connections, beside bare Hono that parses and answers. */

import { inRounds, medianOf, perSecond, whole } from "../figures.ts";
import { postFor } from "../load/wrk.ts";
import { startBare } from "../server/bare.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { atLeast, type Row } from "../table.ts";
import { HELD_JOB, WITHOUT_SNAPSHOTS } from "./job_bodies.ts";

const ROUNDS = 3;
const WARM_UP_SECONDS = 1;
const SECONDS = 3;

export async function postJobsRows(): Promise<readonly Row[]> {
  await using bare = await startBare();
  const rounds = await inRounds(ROUNDS, async () => ({
    bare: await rate(bare.url),
    full: await daybook(),
    minimal: await daybook("return=minimal"),
  }));
  const bareRate = medianOf(rounds, (round) => round.bare);
  const row = (what: string, kind: "full" | "minimal", target: number, beyond: number): Row => {
    const ratio = medianOf(rounds, (round) => round[kind] / round.bare);
    return {
      what,
      measured: `${whole(medianOf(rounds, (round) => round[kind]))}/s`,
      baseline: `bare Hono: ${whole(bareRate)}/s`,
      reached: `${ratio.toFixed(2)} of it`,
      target: `${target} (${beyond})`,
      verdict: atLeast(ratio, target, beyond),
    };
  };
  return [
    row("durable POST /jobs, full answer", "full", 0.35, 0.4),
    row("the same with Prefer: return=minimal", "minimal", 0.45, 0.5),
  ];
}

/** Each time on an empty journal: one that holds a million jobs is another question. */
async function daybook(prefer?: string): Promise<number> {
  await using server = await startDaybook({ flags: WITHOUT_SNAPSHOTS });
  return await rate(server.url, prefer);
}

async function rate(url: string, prefer = ""): Promise<number> {
  const load = { url: `${url}/jobs`, body: HELD_JOB, prefer };
  await postFor(WARM_UP_SECONDS, load);
  const { answered, elapsedMs } = await postFor(SECONDS, load);
  return perSecond(answered, elapsedMs);
}
