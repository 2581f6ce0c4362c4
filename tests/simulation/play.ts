/** The course of a play: processes until the actions are used up, and then a calm end. */

import { liveThrough } from "./simulated_process.ts";
import type { Life, World } from "./world.ts";

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
