/**
 * 1,000 readers of the stream: how much they get in all when more is sent than the target requires,
 * and the delay at half of the target; compared with bare `Deno.serve`, which sends messages of the
 * same length to as many readers.
 */

import { inRounds, medianOf, perSecond, whole } from "../figures.ts";
import { publish } from "../load/steady.ts";
import { StreamReaders } from "../load/stream_readers.ts";
import { startBare } from "../server/bare.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import type { ServerProcess } from "../server/process.ts";
import { pause } from "../system.ts";
import { atLeast, atMost, type Row } from "../table.ts";

const ROUNDS = 3;
const READERS = 1_000;
/** Messages a second of all readers. */
const TARGET = 50_000;
const OFFERED = 4 * TARGET;
const SECONDS = 3;

interface Streamed {
  readonly messagesPerSecond: number;
  readonly lagP99Ms: number;
}

export async function streamRows(): Promise<readonly Row[]> {
  await using bare = await startBare();
  await using bareReaders = await StreamReaders.open(bare.port, READERS);
  await using daybook = await startDaybook();
  using _company = await keepCompany(daybook.url, 0);
  await using readers = await StreamReaders.open(daybook.port, READERS);
  await whilePublishing(TARGET / 2, bare, bareReaders);
  await whilePublishing(TARGET / 2, daybook, readers);
  const rounds = await inRounds(ROUNDS, async () => ({
    bare: await streamed(bare, bareReaders),
    daybook: await streamed(daybook, readers),
  }));
  const rate = medianOf(rounds, (round) => round.daybook.messagesPerSecond);
  const bareRate = medianOf(rounds, (round) => round.bare.messagesPerSecond);
  const lag = medianOf(rounds, (round) => round.daybook.lagP99Ms);
  const bareLag = medianOf(rounds, (round) => round.bare.lagP99Ms);
  return [
    {
      what: `1,000 stream readers, ${whole(OFFERED)} messages a second offered`,
      measured: `${whole(rate)}/s in all`,
      baseline: `bare Deno.serve: ${whole(bareRate)}/s`,
      reached: `${whole(rate)}/s`,
      target: "50,000/s",
      verdict: atLeast(rate, TARGET),
    },
    {
      what: "their lag, p99, at half of the target",
      measured: `${lag.toFixed(0)} ms`,
      baseline: `bare Deno.serve: ${bareLag.toFixed(0)} ms`,
      reached: `${lag.toFixed(0)} ms`,
      target: "under 250 ms",
      verdict: atMost(lag, 250),
    },
  ];
}

async function streamed(server: ServerProcess, readers: StreamReaders): Promise<Streamed> {
  const half = await whilePublishing(TARGET / 2, server, readers);
  const full = await whilePublishing(OFFERED, server, readers);
  return {
    lagP99Ms: half.lagP99Ms,
    messagesPerSecond: perSecond(full.messages, full.elapsedMs),
  };
}

/** What all readers got while this many messages a second were offered. */
async function whilePublishing(messages: number, server: ServerProcess, readers: StreamReaders) {
  await readers.report();
  await publish(server.url, { perSecond: messages / READERS, seconds: SECONDS });
  const report = await readers.report();
  await caughtUp(readers);
  return report;
}

/** Resolves when nothing is left of this load to disturb the next one. */
async function caughtUp(readers: StreamReaders): Promise<void> {
  for (let messages = 1; messages > 0;) {
    await pause(500);
    ({ messages } = await readers.report());
  }
}
