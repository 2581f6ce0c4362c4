/** Plays seeds, of either level, and tells what came of them. */

import { createHash } from "node:crypto";
import { messageOf } from "../../src/core/thrown.ts";
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

export async function playJournalSeed(
  seed: number,
  { ports = HONEST, isTraced = false }: { ports?: JournalPorts; isTraced?: boolean } = {},
): Promise<Verdict> {
  const world = new World(seed, isTraced);
  const play = new JournalPlay(world, ports);
  try {
    await play.run();
  } catch (error) {
    world.violate(`the run does not end: ${messageOf(error)}`);
  }
  return verdictOf("journal", seed, world, play.model.acknowledged);
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
