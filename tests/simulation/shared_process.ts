/** One process of a shared journal, from its start to its end: engine, copy, and part in the log. */

import { errorMessage } from "../../src/core/thrown.ts";
import type { Writer } from "../../src/core/standing.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import type { Appended, Journal, JournalConsumer } from "../../src/engine/ports.ts";
import { JournalUnusableError } from "../../src/journal/errors.ts";
import { FileJournal } from "../../src/journal/file_journal.ts";
import {
  LostHistoryError,
  Membership,
  OtherJournalError,
  type SharedJournal,
  SharedLogError,
} from "../../src/journal/write/shared_log.ts";
import { type Connect, Retrying, type Sql } from "../../src/postgres/connection.ts";
import { PostgresLog } from "../../src/postgres/postgres_log.ts";
import { PostgresTurn } from "../../src/postgres/postgres_turn.ts";
import { withAppend } from "./engine_ports.ts";
import { type SharedRecord, SharedWitness } from "./shared_record.ts";
import { simulatedDefinitions } from "./simulated_jobs.ts";
import { isCopyOf } from "./shared_contents.ts";
import type { SimulatedIndex } from "./simulated_index.ts";
import { isInjected } from "./simulated_process.ts";
import type { Link } from "./simulated_link.ts";
import { SimulatedSession } from "./simulated_session.ts";
import type { Life, World } from "./world.ts";
import { unlimited } from "../support/engine/unlimited.ts";

/** A layer of a broken variant. */
export interface SharedPorts {
  /** The session that appends. */
  sql(sql: Sql): Sql;
  shared(shared: SharedJournal): SharedJournal;
  /** A layer between the engine and the observers of its journal. */
  consumer(consumer: JournalConsumer, leads: () => boolean): JournalConsumer;
  /** Whether the database refuses a batch that does not follow the last one. */
  readonly checksPlaces: boolean;
}

export const HONEST_SHARED: SharedPorts = {
  sql: (sql) => sql,
  shared: (shared) => shared,
  consumer: (consumer) => consumer,
  checksPlaces: true,
};

const READ_MAX = 100_000;
const FOLDER = "data/journal";
export const EXIT_OVERTAKEN = 73;
export const EXIT_STORAGE_FAILED = 70;
/** Its folder has entries that the database lacks, which may hold another journal by now. */
export const EXITS_LOST_HISTORY: readonly (number | undefined)[] = [65, 78];

export interface ProcessParts {
  readonly world: World;
  readonly link: Link;
  readonly ports: SharedPorts;
  readonly record: SharedRecord;
  readonly index: SimulatedIndex;
  /** Whether a process that accepts requests has this name. */
  readonly isLeading: (writer: string) => boolean;
  readonly options: { readonly segmentBytes: number; readonly snapshotEvery: number };
  readonly maxRunning: number;
}

export class SharedProcess {
  readonly #life: Life;
  readonly engine: JobEngine;
  readonly witness: SharedWitness;
  readonly #sessions: SimulatedSession[] = [];
  #files: FileJournal | undefined;
  /** It answers reads. */
  isUp = false;
  /** It accepts requests. */
  leads = false;
  /** It is frozen. */
  isPaused = false;
  isStopping = false;
  /** The error with which it ended. */
  exitCode: number | undefined;

  constructor(private readonly parts: ProcessParts) {
    const { world, ports, record } = parts;
    this.#life = world.begin();
    this.engine = this.#engine();
    const inner = ports.consumer(this.engine.consumer, () => this.engine.leads);
    this.witness = new SharedWitness({ world, record, inner });
    void this.#live().catch((error) => this.#endWith(error));
    void this.over.then(() => this.#abandon());
  }

  get over(): Life["over"] {
    return this.#life.over;
  }

  get life(): number {
    return this.#life.number;
  }

  get name(): string {
    return `w${this.life}`;
  }

  /** It has seen entries that the database has lost. */
  get isDoomed(): boolean {
    return this.witness.record === undefined;
  }

  /** The engine as clients reach it: a process that has seen lost entries gives no answer. */
  get front(): JobEngine {
    const unlessDoomed = (answer: Promise<unknown>) =>
      answer.finally(() => this.isDoomed ? new Promise(() => {}) : undefined);
    return new Proxy(this.engine, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          const answer = value.apply(target, args);
          return answer instanceof Promise ? unlessDoomed(answer) : answer;
        };
      },
    });
  }

  /** A readable description. */
  get state(): string {
    const role = this.leads ? "leads" : this.isUp ? "follows" : "starts";
    return `${role} at ${this.witness.head}${this.isDoomed ? ", with what is lost" : ""}`;
  }

  /** Stops in order. */
  async stop(): Promise<void> {
    if (this.#files === undefined || this.isStopping) return this.parts.world.crash("kill");
    this.isStopping = true;
    try {
      await this.engine.stop(this.parts.world.dice.pick([0, 100, 1_000]));
      await this.#files.close();
      this.parts.world.exit();
    } catch (error) {
      this.#endWith(error);
    }
  }

  pause(ms: number): void {
    const { scheduler, trace } = this.parts.world;
    if (this.isPaused) return;
    trace.note(() => `process ${this.life} stands still`);
    this.isPaused = true;
    scheduler.hold(this.life);
    scheduler.after(ms, 0, () => this.goOn());
  }

  goOn(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.parts.world.trace.note(() => `process ${this.life} goes on`);
    this.parts.world.scheduler.release(this.life);
  }

  async #live(): Promise<void> {
    const { world, ports, record, options } = this.parts;
    const shown = record.model.exposed.length;
    const { journal } = await FileJournal.open({
      folder: FOLDER,
      fileSystem: this.#life.disk,
      clock: this.#life.clock,
      random: world.random,
      consumer: this.witness,
      shared: ports.shared(this.#shared()),
      ...options,
    });
    this.#files = journal;
    this.witness.serve(await journal.read(0, READ_MAX));
    if (this.witness.head < shown && this.witness.record === record) {
      world.violate(`a start took ${this.witness.head} of ${shown} entries`);
    }
    await this.engine.open(this.#watched(journal));
    this.isUp = true;
    const restart = await journal.lead();
    if (restart === undefined) return;
    this.witness.jobs.compare((jobId) => this.engine.job(jobId as never));
    // A process with wrong states may do anything, forever.
    if (world.violations.length > 0) return;
    await this.engine.lead(restart ?? undefined);
    this.engine.work();
    world.trace.note(() => `process ${this.life} leads`);
    this.leads = true;
    this.witness.record?.clients.askAgain(this.front);
  }

  #shared(): SharedJournal {
    const { link, ports } = this.parts;
    const clock = this.#life.clock;
    const needsStandby = link.parts.database.isSynchronous;
    const place = { url: "", journal: "shop", needsStandby, shown: "the database" };
    const connect: Connect = (listener) => {
      const session = new SimulatedSession(link, this.life, listener);
      this.#sessions.push(session);
      return session.sql;
    };
    const self = { writer: this.name, url: `http://${this.name}.test` };
    const membership = new Membership({ self, clock, tell: this.#note });
    const options = {
      ...{ place, clock, membership },
      warn: this.#note,
      answers: (leader: Writer) => this.#isLeading(leader),
    };
    const retrying = new Retrying(options);
    const turn = new PostgresTurn(connect, options, retrying);
    const log = new PostgresLog(
      connect,
      ports.sql(turn.session),
      options,
      retrying,
      turn.assurance,
    );
    return { log, turn, membership };
  }

  readonly #note = (line: string): void => {
    this.parts.world.trace.note(() => `process ${this.life}: ${line}`);
  };

  async #isLeading({ writer }: Writer): Promise<boolean> {
    const { world: { scheduler, dice }, isLeading } = this.parts;
    await scheduler.sleep(dice.pick([0, 1, 20]), this.life);
    return isLeading(writer);
  }

  #engine(): JobEngine {
    const { world, index, maxRunning } = this.parts;
    const observer = {
      begins: (...what: Parameters<SharedWitness["promises"]["begins"]>) =>
        this.witness.promises.begins(...what),
      wentOn: (...what: Parameters<SharedWitness["promises"]["wentOn"]>) =>
        this.witness.promises.wentOn(...what),
    };
    return new JobEngine({
      ...unlimited(),
      index: index.next(),
      clock: this.#life.clock,
      random: world.random,
      definitions: simulatedDefinitions(this.#life.clock, observer),
      maxRunning,
      onDefect: (error) => {
        if (isInjected(error) || this.isDoomed) return;
        world.violate(`the engine reported a defect: ${errorMessage(error)}`);
      },
      onJournalFailed: (error) => this.#endWith(error),
    });
  }

  #watched(files: FileJournal): Journal {
    return withAppend(files, (group, urgency, receivedAt) => {
      const appended = files.append(group, urgency, receivedAt);
      const { record } = this.witness;
      const issued = record?.model.issued(appended.entries.map(({ eventId }) => eventId));
      appended.durable.then(() => {
        if (issued !== undefined) this.#acknowledged(record, issued, appended);
      }, () => {});
      return appended;
    });
  }

  #acknowledged(
    record: SharedRecord | undefined,
    issued: ReturnType<SharedRecord["model"]["issued"]>,
    appended: Appended,
  ): void {
    // The database may have lost some since the request.
    if (record === undefined || this.witness.record !== record) return;
    record.model.acknowledge(issued, appended);
    record.acknowledges(appended.entries);
    const { world, link: { parts: { database } } } = this.parts;
    const last = appended.entries.at(-1)?.logId ?? 0;
    if (!database.holds(last)) {
      world.violate(`${last} was acknowledged, but the database may lose it`);
    }
  }

  /** As in `main.ts`: waiting callers are rejected, and then the process ends. */
  #endWith(error: unknown): void {
    const { world } = this.parts;
    const cause = error instanceof Error && error.cause instanceof SharedLogError
      ? error.cause
      : error;
    this.#note(`ends: ${errorMessage(cause)}`);
    const why = this.#judge(cause);
    if (why !== undefined) world.violate(`${why}: ${errorMessage(cause)}`);
    this.exitCode ??= cause instanceof SharedLogError ? cause.exitCode : EXIT_STORAGE_FAILED;
    world.scheduler.after(world.dice.pick([0, 10, 200]), this.life, () => world.exit());
  }

  /** Why the process should not have ended with an error; `undefined` if it should. */
  #judge(error: unknown): string | undefined {
    const { world, link: { parts: { database } } } = this.parts;
    if (error instanceof LostHistoryError || error instanceof OtherJournalError) {
      const isLost = this.isDoomed || !isCopyOf(world, database);
      return isLost ? undefined : "nothing is lost, and a process says so";
    }
    if ((error instanceof SharedLogError)) {
      if (this.isDoomed) return undefined;
      return database.wasOvertaken(this.life)
        ? undefined
        : "a process says that it was replaced, but it was not";
    }
    // A stop waits ten seconds for a database that crashed, or that cannot be reached.
    if (this.isStopping && /the database has not answered/.test(errorMessage(error))) {
      return undefined;
    }
    const isExplained = isInjected(error) || error instanceof JournalUnusableError ||
      errorMessage(error).includes("the disk is full");
    const isDisturbed = world.isDisturbed || world.weather.wasFullInLife;
    return isExplained && isDisturbed ? undefined : "a process fails";
  }

  #abandon(): void {
    this.isUp = this.leads = false;
    const { dice } = this.parts.world;
    for (const session of this.#sessions) session.abandon(dice.pick([0, 0, 50, 15_000]));
  }
}
