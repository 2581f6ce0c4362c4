/**
 * `deno task bench values`: the time to explain a waiting job among very many events that might
 * have been meant, the cost of the index of values, and the time to rebuild it.
 */

import { eventId, eventType, type JobId } from "../src/core/ids.ts";
import type { StampedEvent } from "../src/journal/format/stamped_event.ts";
import { DenoFileSystem } from "../src/journal/files/deno_file_system.ts";
import { FileJournal } from "../src/journal/file_journal.ts";
import { journalLayout } from "../src/journal/layout.ts";
import { systemClock, systemRandom } from "../src/server/system.ts";
import { quantile, whole } from "./figures.ts";
import { openDaybook } from "./fixtures.ts";
import { withFolder } from "./folder.ts";
import { publish } from "./load/steady.ts";
import { startDaybook } from "./server/daybook_server.ts";
import type { ServerProcess } from "./server/process.ts";
import { pause, residentMegabytes, threadCpuUs } from "./system.ts";

const PAID = eventType("bench.Paid");
const WAITING = 1_000;
const LONG = "job-long" as JobId;
const LONG_ENTRIES = 10_000;
const REQUEST = 1_000;
const ASKED = 400;
const LONG_ASKED = 15;
/** Events a second during the requests. */
const LOAD = 1_000;
const CUSTOMERS = 100_000;
/** Requests with one awaited response. */
const AHEAD = 8;

export async function printValues(entries: number): Promise<void> {
  await withFolder(async (folder) => {
    const began = performance.now();
    await filled(folder, entries);
    tell(`${whole(entries)} events are on record after ${seconds(began)} s`);
    await using server = await startDaybook({ journal: folder });
    await untilFiled(server, entries);
    await ask("without load", server, entries);
    const load = publish(server.url, { perSecond: LOAD, seconds: 60 });
    await pause(2_000);
    await ask(`beside ${whole(LOAD)} events a second`, server, entries);
    await load;
    tell(`resident memory ${whole(residentMegabytes(server.pid))} MB`);
    await server.end("SIGTERM");
    const { index, segments } = journalLayout(folder);
    const [values, all, journal] = [bytesIn(index, "values"), bytesIn(index), bytesIn(segments)];
    tell(
      `on disk: values ${megabytes(values)}, of the index ${megabytes(all)}, of the journal ` +
        `${megabytes(journal)}; ${(values / entries).toFixed(0)} bytes an event`,
    );
    await madeAgain(folder, entries);
  });
}

/** Each job waits for an event that came in another form, and has a label that many jobs share. */
async function filled(folder: string, entries: number): Promise<void> {
  const daybook = await openDaybook(folder);
  const { engine } = daybook;
  const step = Math.floor(entries / WAITING);
  for (let number = 0; number < WAITING; number++) {
    await engine.create({
      jobId: jobOf(number),
      labels: { region: "JP", customerId: `c-${(number * step) % CUSTOMERS}` },
      plan: planOf({ equals: { orderId: `ORDER ${number * step}` } }, 1),
    });
  }
  await engine.create({ jobId: LONG, plan: planOf("any", LONG_ENTRIES * 2) });
  await daybook.stop(() => Promise.resolve());
  await append(folder, entries);
}

/** Events that reach only the long job, so that nothing else is recorded for them. */
async function append(folder: string, entries: number): Promise<void> {
  const { journal } = await FileJournal.open({
    ...{ folder, fileSystem: new DenoFileSystem(), clock: systemClock, random: systemRandom },
    consumer: {
      ...{ restore: () => true, replay: () => {}, durable: () => {}, lost: () => {} },
      ...{ capture: () => [], refuse: () => undefined, failed: () => {} },
    },
    snapshotEvery: Number.MAX_SAFE_INTEGER,
  });
  const gap = Math.max(1, Math.floor(entries / LONG_ENTRIES));
  for (let first = 0; first < entries; first += REQUEST) {
    const now = new Date(systemClock.now()).toISOString();
    const group = Array.from({ length: REQUEST }, (_, at) => event(first + at, gap, now));
    const { durable } = journal.append(group);
    if (first % (AHEAD * REQUEST) === 0) await durable;
  }
  await journal.close();
  // Nothing is projected here: the next start does that.
  await Deno.remove(journalLayout(folder).snapshots, { recursive: true });
}

function jobOf(number: number): JobId {
  return `job-${number}` as JobId;
}

function planOf(correlation: unknown, times: number) {
  const matcher = { eventType: PAID, correlation };
  const expected = [{ id: "paid", kind: "DomainFact", matcher, multiplicity: { times } }];
  return { expected, policy: { errors: [], onCompensated: "Failed" } } as never;
}

function event(number: number, gap: number, now: string): StampedEvent {
  const attributes = {
    orderId: `order-${number}`,
    customerId: `c-${number % CUSTOMERS}`,
    amount: { value: number % 997, currency: "EUR" },
    region: number % 3 === 0 ? "JP" : "EU",
  };
  return {
    ...{ eventId: eventId(`evt_${systemRandom.ulid()}`), eventType: PAID, stratum: "domain" },
    ...{ occurredAt: now, receivedAt: now, attributes },
    ...(number % gap === 0 ? { jobId: LONG } : {}),
  };
}

/** Explanations say how far the index is. */
async function untilFiled(server: ServerProcess, entries: number): Promise<void> {
  const began = performance.now();
  for (;;) {
    const response = await fetch(`${server.url}/explain?about=order-${entries - 1}`);
    const { asOf } = await response.json();
    if (asOf >= entries) break;
    await pause(500);
  }
  tell(`a start has the index at the head after ${seconds(began)} s`);
}

async function ask(when: string, server: ServerProcess, entries: number): Promise<void> {
  const times: number[] = [];
  const began = threadCpuUs(server.pid);
  for (let asked = 0; asked < ASKED; asked++) {
    const number = Math.floor(Math.random() * WAITING);
    const order = number * Math.floor(entries / WAITING);
    times.push(await explained(server, jobOf(number), `"order-${order}"`));
  }
  const then = threadCpuUs(server.pid);
  const long: number[] = [];
  for (let asked = 0; asked < LONG_ASKED; asked++) long.push(await explained(server, LONG, ""));
  const cpu = [(then - began) / ASKED, (threadCpuUs(server.pid) - then) / LONG_ASKED];
  tell(
    `${when}: p50 ${ms(quantile(times, 0.5))}, p99 ${ms(quantile(times, 0.99))}; the job of ` +
      `${whole(LONG_ENTRIES)} entries p50 ${
        ms(quantile(long, 0.5))
      }; processor time of the main thread ${
        cpu.map((us) => ms(us / 1_000)).join(" and ")
      } each; load ${Deno.loadavg()[0]?.toFixed(1)}`,
  );
}

/** Milliseconds until the answer; its first sentence must name the event. */
async function explained({ url }: ServerProcess, jobId: string, named: string): Promise<number> {
  const started = performance.now();
  const response = await fetch(`${url}/jobs/${jobId}/explain`);
  const text = await response.text();
  const elapsed = performance.now() - started;
  const { summary } = JSON.parse(text);
  if (!response.ok || !summary.includes(named)) throw new Error(`not named: ${text}`);
  return elapsed;
}

/** Rebuilds the index beside an otherwise idle server. */
async function madeAgain(folder: string, entries: number): Promise<void> {
  for (const { name } of Deno.readDirSync(journalLayout(folder).index)) {
    if (name.startsWith("values")) Deno.removeSync(`${journalLayout(folder).index}/${name}`);
  }
  await using server = await startDaybook({ journal: folder });
  const began = performance.now();
  await untilFiled(server, entries);
  tell(
    `rebuilt at ${whole(entries / (performance.now() - began) * 1_000)} entries a second; ` +
      `resident memory ${whole(residentMegabytes(server.pid, "VmHWM"))} MB at most`,
  );
}

function bytesIn(folder: string, prefix = ""): number {
  return [...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith(prefix))
    .reduce((sum, { name }) => sum + Deno.statSync(`${folder}/${name}`).size, 0);
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1_000).toFixed(1);
}

function megabytes(bytes: number): string {
  return `${whole(bytes / 1e6)} MB`;
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(1)} ms`;
}

function tell(line: string): void {
  console.log(line);
}
