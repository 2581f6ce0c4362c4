/** Plays seeds of any level, and reports their results. */

import { createHash } from "node:crypto";
import { errorMessage } from "../../src/core/thrown.ts";
import { EnginePlay } from "./engine_play.ts";
import { type EnginePorts, HONEST_ENGINE } from "./engine_ports.ts";
import { SharedPlay } from "./shared_play.ts";
import { HONEST_SHARED, type SharedPorts } from "./shared_process.ts";
import { HONEST, JournalPlay, type JournalPorts } from "./journal_play.ts";
import known from "./seeds.json" with { type: "json" };
import type { Climate } from "./weather.ts";
import { World } from "./world.ts";

export const LEVELS = ["journal", "engine", "shared"] as const;
export type Level = typeof LEVELS[number];

export interface Verdict {
  readonly level: Level;
  readonly seed: number;
  readonly violations: readonly string[];
  readonly acknowledged: number;
  readonly lives: number;
  readonly struck: Readonly<Record<string, number>>;
  readonly trace: readonly string[];
  /** SHA-256 of all files at the end. */
  readonly digest: string;
}

/** A seed that once found a violation, and that violation. */
export interface KnownSeed {
  readonly level: Level;
  readonly seed: number;
  readonly found: string;
}

interface Play {
  /** How many entries. */
  readonly acknowledged: number;
  /** Its machines. */
  readonly worlds: readonly World[];
  /** Faults of what they share. */
  readonly struck?: Readonly<Record<string, number>>;
  run(): Promise<void>;
}

interface PlayOptions<Ports> {
  /** Broken variants instead of the real ones. */
  readonly ports?: Ports;
  readonly isTraced?: boolean;
  /** Chosen by the seed by default. */
  readonly climate?: Climate;
}

export function knownSeeds(): readonly KnownSeed[] {
  return known as readonly KnownSeed[];
}

export function playSeed(level: Level, seed: number, isTraced = false): Promise<Verdict> {
  return PLAYS[level](seed, { isTraced });
}

export function playJournalSeed(
  seed: number,
  { ports = HONEST, isTraced = false, climate }: PlayOptions<JournalPorts> = {},
): Promise<Verdict> {
  const world = new World(seed, isTraced, climate);
  return played("journal", seed, world, new JournalPlay(world, ports));
}

export function playEngineSeed(
  seed: number,
  { ports = HONEST_ENGINE, isTraced = false, climate }: PlayOptions<EnginePorts> = {},
): Promise<Verdict> {
  const world = new World(seed, isTraced, climate);
  return played("engine", seed, world, new EnginePlay(world, ports));
}

export function playSharedSeed(
  seed: number,
  { ports = HONEST_SHARED, isTraced = false, climate }: PlayOptions<SharedPorts> = {},
): Promise<Verdict> {
  const world = new World(seed, isTraced, climate);
  return played("shared", seed, world, new SharedPlay(world, ports));
}

const PLAYS = { journal: playJournalSeed, engine: playEngineSeed, shared: playSharedSeed };

/** How to replay a seed that found a violation, and what happened in it. */
export async function failureText({ level, seed, violations }: Verdict): Promise<string> {
  const { trace } = await playSeed(level, seed, true);
  return [
    ...trace,
    ...violations.map((violation) => `violation: ${violation}`),
    `to see it again: deno task sim --seed ${seed} --runs 1 --level ${level}`,
    "when it is mended, add the seed to tests/simulation/seeds.json",
  ].join("\n");
}

async function played(
  level: Level,
  seed: number,
  world: World,
  play: Play,
): Promise<Verdict> {
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    world.violate(`an error was not handled: ${errorMessage(event.reason)}`);
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  try {
    await world.scheduler.until(play.run());
  } catch (error) {
    world.violate(`the run does not end: ${errorMessage(error)}`);
  } finally {
    globalThis.removeEventListener("unhandledrejection", onRejection);
  }
  return verdictOf(level, seed, world, play);
}

function verdictOf(level: Level, seed: number, world: World, play: Play): Verdict {
  const { acknowledged, worlds, struck } = play;
  const hash = createHash("sha256");
  for (const { storage } of worlds) {
    for (const [path, bytes] of storage.contents()) hash.update(path).update(bytes);
  }
  return {
    level,
    seed,
    violations: world.violations,
    acknowledged,
    lives: worlds.reduce((sum, { lives }) => sum + lives, 0),
    struck: summed([...worlds.map(({ weather }) => weather.struck), struck ?? {}]),
    trace: world.trace.lines,
    digest: hash.digest("hex"),
  };
}

function summed(
  counts: readonly Readonly<Record<string, number>>[],
): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const each of counts) {
    for (const [kind, count] of Object.entries(each)) sums[kind] = (sums[kind] ?? 0) + count;
  }
  return sums;
}

/** The totals of many seeds. */
export class Tally {
  #runs = 0;
  #lives = 0;
  #acknowledged = 0;
  #violations = 0;
  readonly #struck: Record<string, number> = {};

  get runs(): number {
    return this.#runs;
  }

  add({ lives, acknowledged, violations, struck }: Verdict): void {
    this.#runs++;
    this.#lives += lives;
    this.#acknowledged += acknowledged;
    this.#violations += violations.length;
    for (const [kind, count] of Object.entries(struck)) {
      this.#struck[kind] = (this.#struck[kind] ?? 0) + count;
    }
  }

  toString(): string {
    const { kill = 0, power = 0, ...faults } = this.#struck;
    const told = Object.entries(faults).map(([kind, count]) => `${count} ${kind}`).join(", ");
    return `${this.#runs} runs, ${kill + power} crashes (${kill} of the process, ${power} of ` +
      `power), ${told}, ${this.#lives} starts, ${this.#acknowledged} entries acknowledged, ` +
      `${this.#violations} violations`;
  }
}
