/**
 * Records what a running job cannot do without, in the room that is kept for it when the
 * disk is full. When that is used up as well it is waited out; when the journal has failed
 * nothing settles any more, since only the next start tells what is on record.
 */

import type { Command } from "../core/command.ts";
import type { EventDraft, FactDraft } from "../core/event.ts";
import type { EventId, JobId } from "../core/ids.ts";
import type { Commands } from "./commands.ts";
import type { FanOut } from "./fan_out.ts";
import {
  type Clock,
  JournalFailedError,
  JournalFullError,
  type Random,
  type Urgency,
} from "./ports.ts";
import type { Recorder } from "./recorder.ts";
import type { Commanded } from "./run_services.ts";

/**
 * How long a disk that refuses is given before it is asked again, on average: a record that
 * is too large for the room there is must not take the others with it each time.
 */
const RETRY_MS = 1_000;

export interface PatientRecorderParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly commands: Commands;
  readonly recorder: Recorder;
  readonly fanOut: FanOut;
  readonly onDefect: (error: unknown) => void;
}

export class PatientRecorder {
  readonly #parts: PatientRecorderParts;

  constructor(parts: PatientRecorderParts) {
    this.#parts = parts;
  }

  /** Decides and records a command; one that begins something new is not vital. */
  command(jobId: JobId, command: Command, urgency: Urgency = "vital"): Promise<Commanded> {
    return this.#persist(() => this.#parts.commands.run(jobId, command, urgency));
  }

  /** Records drafts, and facts that the first of them causes, with what those make happen. */
  async record(drafts: readonly EventDraft[], facts: readonly FactDraft[] = []): Promise<void> {
    await this.#persist(async () => {
      const group = this.#withFacts(drafts, facts);
      try {
        await this.#parts.recorder.record(group, "vital").applied;
      } finally {
        this.#parts.fanOut.settled(group);
      }
    });
  }

  /** Records what `make` gives when there is room for it, which may be nothing by then. */
  async recordLatest(make: () => EventDraft | undefined): Promise<void> {
    await this.#persist(async () => {
      const draft = make();
      if (draft !== undefined) await this.#parts.recorder.record([draft], "vital").applied;
    });
  }

  #withFacts(drafts: readonly EventDraft[], facts: readonly FactDraft[]): readonly EventDraft[] {
    if (facts.length === 0) return drafts;
    const { clock, random, fanOut } = this.#parts;
    const group = [...drafts];
    const occurredAt = new Date(clock.now()).toISOString();
    for (const fact of facts) {
      const eventId = fact.eventId ?? `evt_${random.ulid()}` as EventId;
      const settled = { ...fact, eventId, occurredAt, causedBy: { draft: 0 } };
      group.push(...fanOut.expand(settled, group.length));
    }
    return group;
  }

  async #persist<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof JournalFailedError) return await new Promise<never>(() => {});
        if (!(error instanceof JournalFullError)) throw error;
        await this.#pause();
      }
    }
  }

  /** Reads what a running job waits for, however often that takes. */
  async read<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        this.#parts.onDefect(error);
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    const { clock, random } = this.#parts;
    const delayMs = RETRY_MS * (0.5 + random.fraction());
    return new Promise((resolve) => void clock.setTimer(delayMs, resolve));
  }
}
