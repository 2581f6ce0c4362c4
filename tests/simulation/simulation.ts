/** Plays seeds, of either level, and tells what came of them. */

import { createHash } from "node:crypto";
import { messageOf } from "../../src/core/thrown.ts";
import { EnginePlay } from "./engine_play.ts";
import { type EnginePorts, HONEST_ENGINE } from "./engine_ports.ts";
import type { JournalModel } from "./journal_model.ts";
import { HONEST, JournalPlay, type JournalPorts } from "./journal_play.ts";
import { World } from "./world.ts";

export type Level = "journal" | "engine";

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

interface Play {
  readonly model: JournalModel;
  run(): Promise<void>;
}

export function playJournalSeed(
  seed: number,
  { ports = HONEST, isTraced = false }: { ports?: JournalPorts; isTraced?: boolean } = {},
): Promise<Verdict> {
  return played("journal", seed, isTraced, (world) => new JournalPlay(world, ports));
}

export function playEngineSeed(
  seed: number,
  { ports = HONEST_ENGINE, isTraced = false }: { ports?: EnginePorts; isTraced?: boolean } = {},
): Promise<Verdict> {
  return played("engine", seed, isTraced, (world) => new EnginePlay(world, ports));
}

async function played(
  level: Level,
  seed: number,
  isTraced: boolean,
  begin: (world: World) => Play,
): Promise<Verdict> {
  const world = new World(seed, isTraced);
  const play = begin(world);
  try {
    await play.run();
  } catch (error) {
    world.violate(`the run does not end: ${messageOf(error)}`);
  }
  return verdictOf(level, seed, world, play.model.acknowledged);
}

function verdictOf(level: Level, seed: number, world: World, acknowledged: number): Verdict {
  const hash = createHash("sha256");
  for (const [path, bytes] of world.storage.contents()) hash.update(path).update(bytes);
  return {
    level,
    seed,
    violations: world.violations,
    acknowledged,
    lives: world.lives,
    struck: { ...world.weather.struck },
    trace: world.trace.lines,
    digest: hash.digest("hex"),
  };
}
