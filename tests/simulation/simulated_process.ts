/** Starts a process in a simulated world and runs it until it dies. */

import { errorMessage } from "../../src/core/thrown.ts";
import { JournalDamagedError, JournalUnusableError } from "../../src/journal/errors.ts";
import type { Life, World } from "./world.ts";

const STARTS_MAX = 300;

/** Starts processes until one is up; a start may only fail because the disk does. */
export async function startUntilUp<Up extends object>(
  world: World,
  open: (life: Life) => Promise<Up>,
): Promise<Up | undefined> {
  for (let starts = 0; world.violations.length === 0; starts++) {
    if (starts > STARTS_MAX) world.violate("the process does not start any more");
    const life = world.begin();
    const opening = open(life).catch((error) => judgeStart(world, error));
    const up = await Promise.race([opening, life.over]);
    if (typeof up === "object") return up;
    await world.scheduler.sleep(world.dice.pick([0, 500, 5_000]));
  }
  return undefined;
}

/** Whether starts are refused because of damage; other failures to start are retried. */
export async function refusedAsDamaged(
  world: World,
  open: (life: Life) => Promise<unknown>,
): Promise<boolean> {
  for (let starts = 0; starts < STARTS_MAX; starts++) {
    const life = world.begin();
    const opening = open(life).then(() => "up" as const, (error: unknown) => ({ error }));
    const outcome = await Promise.race([opening, life.over]);
    world.trace.note(() => `on a changed segment: ${outcomeText(outcome)}`);
    if (typeof outcome === "object" || outcome === "up") world.exit();
    if (outcome === "up") return false;
    if (typeof outcome === "object" && outcome.error instanceof JournalDamagedError) return true;
    await world.scheduler.sleep(world.dice.pick([0, 500, 5_000]));
  }
  return false;
}

function outcomeText(outcome: string | { readonly error: unknown }): string {
  return typeof outcome === "string" ? outcome : errorMessage(outcome.error);
}

function judgeStart(world: World, error: unknown): undefined {
  world.trace.note(() => `the start fails: ${errorMessage(error)}`);
  const isExplained = error instanceof JournalUnusableError || isInjected(error);
  // During a slow start, a disk that it found full may have room again.
  if (!isExplained || !(world.isDisturbed || world.weather.wasFullInLife)) {
    world.violate(`the process does not start: ${errorMessage(error)}`);
  }
  world.exit();
}

/** Runs a script in a process until the process is over; the script ends it. */
export async function liveThrough(
  world: World,
  life: Life,
  script: () => Promise<void>,
): Promise<void> {
  script().catch((error) => {
    world.trace.note(() => `the process fails: ${errorMessage(error)}`);
    if (!world.isDisturbed) world.violate(`the process fails: ${errorMessage(error)}`);
    world.exit();
  });
  await life.over;
}

/** Whether the simulated disk caused an error or a warning. */
export function isInjected(error: unknown): boolean {
  return /\(os error (?:5|28)\)/.test(errorMessage(error));
}

// The course of a play: processes until the actions are used up, and then a calm end.

/** What one level plays with. */
export interface Player<Opened extends { readonly life: Life }> {
  hasActions(): boolean;
  /** `undefined` when the start did not succeed. */
  start(): Promise<Opened | undefined>;
  live(opened: Opened): Promise<void>;
  /** Nothing fails any more: everything must succeed and be there. */
  lastRound(opened: Opened, round: "first" | "second"): Promise<void>;
}

/** Ends early if a promise was broken, because the rest proves nothing. */
export async function playThrough<Opened extends { readonly life: Life }>(
  world: World,
  player: Player<Opened>,
): Promise<void> {
  const goesOn = () => world.violations.length === 0;
  while (player.hasActions() && goesOn()) {
    const opened = await player.start();
    if (opened !== undefined) await player.live(opened);
  }
  if (goesOn()) await peace(world, player);
}

async function peace<Opened extends { readonly life: Life }>(
  world: World,
  player: Player<Opened>,
): Promise<void> {
  world.trace.note(() => "nothing fails any more");
  world.weather.end();
  for (const round of ["first", "second"] as const) {
    const opened = await player.start();
    if (opened === undefined) return;
    await liveThrough(world, opened.life, () => player.lastRound(opened, round));
  }
}
