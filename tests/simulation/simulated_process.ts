/** Starts processes in a simulated world, and runs each until it dies. */

import { errorMessage } from "../../src/core/thrown.ts";
import { JournalDamagedError, JournalUnusableError } from "../../src/journal/errors.ts";
import type { JournalModel } from "./journal_model.ts";
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

/** Whether the simulated disk caused an error or a warning. */
export function isInjected(error: unknown): boolean {
  return /\(os error (?:5|28)\)/.test(errorMessage(error));
}

/** One seed of one process: it starts and ends until the actions are used up, and then calmly. */
export abstract class Play<Opened extends { readonly life: Life }> {
  abstract readonly model: JournalModel;
  protected actionsLeft = 0;

  constructor(protected readonly world: World) {}

  get acknowledged(): number {
    return this.model.acknowledged;
  }

  get worlds(): readonly World[] {
    return [this.world];
  }

  /** Ends early if a promise was broken, because the rest proves nothing. */
  async run(): Promise<void> {
    while (this.actionsLeft > 0 && this.goesOn) {
      const opened = await this.start();
      if (opened === undefined) continue;
      void this.follow(opened);
      await this.#live(opened, () => this.act(opened));
    }
    if (this.goesOn) await this.#peace();
  }

  /** `undefined` when the start did not succeed. */
  protected abstract start(): Promise<Opened | undefined>;

  /** What a process does until it ends. */
  protected abstract act(opened: Opened): Promise<void>;

  /** The reader that reconnects after every restart. */
  protected abstract follow(opened: Opened): Promise<void>;

  /** Nothing fails any more: everything must succeed and be there. */
  protected abstract lastRound(opened: Opened, round: "first" | "second"): Promise<void>;

  protected get goesOn(): boolean {
    return this.world.violations.length === 0;
  }

  protected judgeStream(): void {
    const { streamed, exposed } = this.model;
    if (streamed === exposed.length) return;
    this.world.violate(`the stream ends at ${streamed} of ${exposed.length}`);
  }

  protected async reading(read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (!isInjected(error)) this.world.violate(`a read failed: ${errorMessage(error)}`);
    }
  }

  async #peace(): Promise<void> {
    this.world.trace.note(() => "nothing fails any more");
    this.world.weather.end();
    for (const round of ["first", "second"] as const) {
      const opened = await this.start();
      if (opened === undefined) return;
      await this.#live(opened, () => this.lastRound(opened, round));
    }
  }

  /** Runs a script in a process until the process is over; the script ends it. */
  async #live({ life }: Opened, script: () => Promise<void>): Promise<void> {
    const { world } = this;
    script().catch((error) => {
      world.trace.note(() => `the process fails: ${errorMessage(error)}`);
      if (!world.isDisturbed) world.violate(`the process fails: ${errorMessage(error)}`);
      world.exit();
    });
    await life.over;
  }
}
