/** One seed of the journal alone: appends, reads, stops and crashes, and then a calm end. */

import { eventId, eventType, jobId } from "../../src/core/ids.ts";
import { errorMessage } from "../../src/core/thrown.ts";
import { type Journal, JournalFailedError, JournalFullError } from "../../src/engine/ports.ts";
import type { StampedEvent } from "../../src/journal/format/stamped_event.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import type { FileSystem } from "../../src/journal/files/file_system.ts";
import { named } from "./trace.ts";
import { JournalModel } from "./journal_model.ts";
import { JournalWitness } from "./journal_witness.ts";
import { isInjected, Play, refusedAsDamaged, startUntilUp } from "./simulated_process.ts";
import type { Life, World } from "./world.ts";

/** A layer of a broken variant between the world and the journal. */
export interface JournalPorts {
  fileSystem(disk: FileSystem): FileSystem;
  journal(journal: Journal): Journal;
  readonly options: { readonly batchBytesMax?: number };
}

export const HONEST: JournalPorts = {
  fileSystem: (disk) => disk,
  journal: (journal) => journal,
  options: {},
};

interface Opened {
  readonly life: Life;
  readonly journal: Journal;
  readonly witness: JournalWitness;
}

/** Looks like the beginning of a line, but is not one anywhere. */
const LATER_LINE = { logId: 900_000, batch: 900_000, receivedAt: "" };

const FOLDER = "data/journal";
const READ_MAX = 100_000;
/** The chance that a segment is changed before a start. */
const TAMPERING = 0.1;

export class JournalPlay extends Play<Opened> {
  readonly #ports: JournalPorts;
  override readonly model: JournalModel;
  readonly #options;
  /** The last process stopped in order, without failures. */
  #stoppedCleanly = false;
  #appended = 0;

  constructor(world: World, ports = HONEST) {
    super(world);
    const { dice } = world;
    this.#ports = ports;
    this.model = new JournalModel(
      (what) => world.violate(what),
      (entry) => world.trace.note(() => `durable: ${named(entry)}`),
    );
    this.actionsLeft = dice.between(4, 24);
    this.#options = {
      segmentBytes: dice.pick([700, 1_500, 4_000, 20_000]),
      snapshotEvery: dice.pick([4, 10, 25, 200]),
      quietSealMs: dice.pick([20, 300, 1_000]),
      batchBytesMax: dice.pick([900, 2_500, 100_000]),
      ...ports.options,
    };
  }

  /**
   * Nothing fails any more: a start, a write and a stop must succeed, and everything must be there.
   */
  protected override async lastRound({ journal }: Opened, round: string): Promise<void> {
    const { world } = this;
    await this.#append(journal, 2);
    await this.#catchUp(journal);
    this.judgeStream();
    await journal.close();
    this.#stoppedCleanly = true;
    world.trace.note(() => `the ${round} peaceful round is over`);
    world.exit();
  }

  protected override async start(): Promise<Opened | undefined> {
    if (this.world.dice.chance(TAMPERING)) await this.#tamper();
    return await startUntilUp(this.world, (life) => this.#open(life));
  }

  /** A full segment is changed while no process runs, and restored. */
  async #tamper(): Promise<void> {
    const { dice, storage, trace } = this.world;
    const segments = storage.filesIn("data", "journal", "segments").filter(([name]) =>
      name.endsWith(".ndjson")
    );
    // A power cut may remove the name of the last segment while it is empty; then the torn write
    // may be at the end of the previous one.
    const sealed = segments.slice(0, -2);
    if (sealed.length === 0) return;
    const [name, file] = dice.pick(sealed);
    const at = dice.between(0, file.size - 1);
    const [byte = 0] = file.read(at, 1);
    trace.note(() => `byte ${at} of ${name} is changed`);
    file.write(at, new Uint8Array([byte ^ 1]));
    file.sync();
    const isFound = await refusedAsDamaged(
      this.world,
      (life) => this.#opened(life, this.#fresh()),
    );
    if (!isFound) this.world.violate(`${name} was changed, but a start trusted it`);
    file.write(at, new Uint8Array([byte]));
    file.sync();
  }

  #fresh(): JournalWitness {
    return new JournalWitness(this.model, (what) => this.world.violate(what));
  }

  async #open(life: Life): Promise<Opened> {
    const witness = this.#fresh();
    const { journal, report } = await this.#opened(life, witness);
    witness.opened();
    this.#judgeReport(report, witness);
    if (this.world.dice.chance(0.5)) this.model.read(0, await journal.read(0, READ_MAX));
    return { life, journal: this.#ports.journal(journal), witness };
  }

  #opened(life: Life, consumer: JournalWitness) {
    return FileJournal.open({
      folder: FOLDER,
      fileSystem: this.#ports.fileSystem(life.disk),
      clock: life.clock,
      random: this.world.random,
      consumer,
      ...this.#options,
    });
  }

  #judgeReport(
    report: { readonly clean: boolean; readonly warnings: readonly string[] },
    { entries }: JournalWitness,
  ): void {
    const { trace } = this.world;
    trace.note(() => `started with ${entries.length} entries, ${JSON.stringify(report)}`);
    if (this.#stoppedCleanly && !report.clean) {
      this.world.violate("the journal was stopped in order, and its start says that it was not");
    }
    this.#stoppedCleanly = false;
    for (const warning of report.warnings) if (!isInjected(warning)) this.world.violate(warning);
  }

  protected override async act(opened: Opened): Promise<void> {
    const { dice, scheduler } = this.world;
    while (this.actionsLeft-- > 0 && this.goesOn) {
      if (opened.witness.hasFailed) return await this.#afterFailure(opened);
      switch (
        dice.kind({ burst: 10, append: 8, sleep: 8, read: 3, jump: 0.5, stop: 1.5, crash: 0.5 })
      ) {
        case "burst":
          for (let n = dice.between(1, 5); n > 0; n--) void this.#append(opened.journal);
          break;
        case "append":
          await this.#append(opened.journal);
          break;
        case "sleep":
          await scheduler.sleep(dice.pick([0, 1, 10, 400, 2_000, 8_000]), opened.life.number);
          break;
        case "read":
          await this.#readSome(opened.journal);
          break;
        case "jump":
          scheduler.jump(dice.pick([-3_600_000, 3_600_000]));
          break;
        case "stop":
          return await this.#stop(opened);
        case "crash":
          return this.world.crash(dice.pick(["kill", "power"]));
      }
    }
    this.world.crash(dice.pick(["kill", "power"]));
  }

  /** The process rejects waiting callers and ends; nothing is acknowledged meanwhile. */
  async #afterFailure({ journal, life }: Opened): Promise<void> {
    const { dice, scheduler } = this.world;
    if (dice.chance(0.5)) await this.#append(journal);
    await scheduler.sleep(dice.pick([0, 5, 200]), life.number);
    if (dice.chance(0.3)) await journal.close();
    this.world.crash(dice.pick(["kill", "power"]));
  }

  async #stop({ journal }: Opened): Promise<void> {
    await journal.close();
    this.#stoppedCleanly = !this.world.isDisturbed;
    this.world.exit();
  }

  /** Resolves when its outcome is known. */
  async #append(journal: Journal, size = this.world.dice.pick([1, 1, 2, 3, 6])): Promise<void> {
    const world = this.world;
    const events = Array.from({ length: size }, (_, index) => this.#event(index));
    const group = this.model.issued(events.map(({ eventId }) => eventId));
    try {
      const appended = journal.append(events);
      await appended.durable;
      this.model.acknowledge(group, appended);
    } catch (error) {
      group.outcome = error instanceof JournalFullError ? "refused" : "unknown";
      world.trace.note(() => `append: ${errorMessage(error)}`);
      const isOurs = error instanceof JournalFullError || error instanceof JournalFailedError;
      // Before it is reported, a disk that the process found full may have room again.
      const wasFull = error instanceof JournalFullError && world.weather.wasFullInLife;
      const isExplained = world.isDisturbed || wasFull;
      if (!isOurs || !isExplained) world.violate(`an append failed: ${errorMessage(error)}`);
    }
  }

  #event(index: number): StampedEvent {
    const { dice, scheduler } = this.world;
    const receivedAt = new Date(scheduler.timeOfDayMs).toISOString();
    const text = dice.pick([
      "",
      "é☃",
      '\n{"logId":7,"batch":9,"',
      "x".repeat(dice.between(1, 400)),
    ]);
    return {
      stratum: "domain",
      eventType: eventType("ec.order.OrderPlaced"),
      eventId: eventId(`evt-${++this.#appended}`),
      occurredAt: receivedAt,
      receivedAt,
      jobId: jobId("job_simulated"),
      attributes: { text, nested: [{ logId: 1, batch: 7 }, LATER_LINE] },
      ...(index > 0 && dice.chance(0.5) ? { causedBy: { draft: index - 1 } } : {}),
    };
  }

  async #readSome(journal: Journal): Promise<void> {
    const { dice } = this.world;
    const after = dice.between(0, journal.head.logId);
    await this.reading(async () => this.model.read(after, await journal.read(after, 10)));
  }

  protected override async follow({ journal, life }: Opened): Promise<void> {
    const { dice, scheduler } = this.world;
    for (;;) {
      await scheduler.sleep(dice.pick([1, 30, 1_000]), life.number);
      await this.#catchUp(journal, dice.pick([1, 7, 50]));
    }
  }

  async #catchUp(journal: Journal, limit = READ_MAX): Promise<void> {
    await this.reading(async () => {
      if (journal.head.logId <= this.model.streamed) return;
      this.model.stream(await journal.read(this.model.streamed, limit));
    });
  }
}
