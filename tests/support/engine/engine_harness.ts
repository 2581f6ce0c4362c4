/** A real engine over the in-memory journal, with a manual clock. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { deriveCondition } from "../../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../../src/core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../../src/core/ids.ts";
import type { JobState } from "../../../src/core/job_state.ts";
import { findIllegality } from "../../../src/verify/entry_audit.ts";
import type { JsonObject, JsonValue } from "../../../src/core/json.ts";
import { type AnyJobDefinition, defineJob } from "../../../src/engine/definition.ts";
import type { EngineLimits } from "../../../src/engine/engine_limits.ts";
import type { JobEngineOptions } from "../../../src/engine/engine_parts.ts";
import { JobEngine } from "../../../src/engine/job_engine.ts";
import type { AttemptWatch, Tracing } from "../../../src/engine/watches.ts";
import type { CreateRequest, Receipt } from "../../../src/engine/requests.ts";
import { MemoryJournal } from "../../../src/testing/memory_journal.ts";
import { FakeClock, FakeRandom } from "../fake_clock.ts";
import { MemoryIndex } from "./memory_index.ts";
import { MemoryKeys } from "../../../src/testing/stand_ins.ts";
import type { JobContext } from "../../../src/engine/job_context.ts";
import { NO_LIMITS } from "./unlimited.ts";
import { incoming, type References } from "./incoming.ts";

export interface HarnessOptions {
  readonly definitions?: readonly AnyJobDefinition[];
  readonly maxRunning?: number;
  /** The store of keys of sealed inputs; it survives a crash. */
  readonly keys?: MemoryKeys;
  readonly tracing?: Tracing;
  readonly attemptWatch?: AttemptWatch;
  /** Where definitions with `isolation: "thread"` run. */
  readonly threads?: JobEngineOptions["threads"];
  readonly limits?: Partial<EngineLimits>;
  /** A clock that moves by itself, for work done in slices. */
  readonly clock?: FakeClock;
  readonly random?: FakeRandom;
  /** In entries; hardly ever by default. */
  readonly snapshotEvery?: number;
}

export class Harness {
  readonly defects: unknown[] = [];
  /** Warnings about the code of jobs. */
  readonly misuses: string[] = [];
  /** What the operator is told of parked and of failed jobs. */
  readonly reports: string[] = [];

  private constructor(
    readonly engine: JobEngine,
    readonly journal: MemoryJournal,
    readonly clock: FakeClock,
    readonly random: FakeRandom,
    readonly options: HarnessOptions,
    readonly keys: MemoryKeys,
    readonly index: MemoryIndex,
  ) {}

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    return await Harness.#open(
      options,
      options.clock ?? new FakeClock(),
      options.random ?? new FakeRandom(),
      options.keys ?? new MemoryKeys(),
      MemoryIndex.empty(),
    );
  }

  static async #open(
    options: HarnessOptions,
    clock: FakeClock,
    random: FakeRandom,
    keys: MemoryKeys,
    index: MemoryIndex,
    content?: MemoryJournal["content"],
  ): Promise<Harness> {
    const defects: unknown[] = [];
    const misuses: string[] = [];
    const reports: string[] = [];
    const engine = new JobEngine({
      clock,
      random,
      definitions: options.definitions ?? [],
      keys,
      index,
      maxRunning: options.maxRunning ?? 10,
      tracing: options.tracing,
      ...(options.attemptWatch === undefined ? {} : { attemptWatch: options.attemptWatch }),
      threads: options.threads,
      limits: { ...NO_LIMITS, ...options.limits },
      onDefect: (error) => defects.push(error),
      onMisuse: (message) => misuses.push(message),
      onParked: (message) => reports.push(message),
      onFailed: (message) => reports.push(message),
    });
    const { journal, report } = await MemoryJournal.open({
      clock,
      random,
      consumer: { ...engine.consumer, durable: (entries) => durable(engine, entries) },
      ...(content === undefined ? {} : { content }),
      ...(options.snapshotEvery === undefined ? {} : { snapshotEvery: options.snapshotEvery }),
    });
    await engine.start(journal, report.recoveredLogId ?? undefined);
    const harness = new Harness(engine, journal, clock, random, options, keys, index);
    defects.push = (...items) => harness.defects.push(...items);
    misuses.push = (...items) => harness.misuses.push(...items);
    reports.push = (...items) => harness.reports.push(...items);
    await clock.settle();
    return harness;
  }

  /**
   * Starts again from what is durable, as after a kill: the old engine continues without effect,
   * because its journal is no longer in use.
   */
  async crash(definitions?: readonly AnyJobDefinition[]): Promise<Harness> {
    // Converted to JSON and back, as with a file: values that JSON would change must not be in it.
    const content = JSON.parse(JSON.stringify(this.journal.content));
    this.journal.hold();
    const options = definitions === undefined ? this.options : { ...this.options, definitions };
    return await this.#next(content, options);
  }

  /** The same, for a process that died before the batch with this entry was on disk. */
  async crashBefore(logId: LogId): Promise<Harness> {
    const { entries, batches, ...content } = JSON.parse(JSON.stringify(this.journal.content));
    const first = batches.findLast((batch: LogId) => batch <= logId);
    this.journal.hold();
    return await this.#next({
      ...content,
      entries: entries.filter((entry: JobEventLogEntry) => entry.logId < first),
      batches: batches.filter((batch: LogId) => batch < first),
      snapshot: null,
    });
  }

  /** The same, with every snapshot deleted. */
  async crashWithoutSnapshot(): Promise<Harness> {
    const content = { ...JSON.parse(JSON.stringify(this.journal.content)), snapshot: null };
    this.journal.hold();
    return await this.#next(content);
  }

  /** Like `crash`, but the next process finds another index than this one left. */
  async crashOnto(index: MemoryIndex): Promise<Harness> {
    const content = JSON.parse(JSON.stringify(this.journal.content));
    this.journal.hold();
    return await this.#next(content, this.options, index);
  }

  #next(
    content: MemoryJournal["content"],
    options = this.options,
    index = this.index.asAfterKill(),
  ): Promise<Harness> {
    return Harness.#open(options, this.clock, this.random, this.keys, index, content);
  }

  async create(request: CreateRequest): Promise<JobState> {
    const outcome = await this.engine.create(request);
    assert.ok(outcome.ok, JSON.stringify(outcome));
    await this.clock.settle();
    return outcome.value.job;
  }

  async submit(type: string, input: JsonValue = {}): Promise<JobId> {
    return (await this.create({ type, input })).jobId;
  }

  async event(
    type: string,
    attributes: JsonObject = {},
    references: References = {},
  ): Promise<Receipt> {
    const [receipt] = await this.engine.deliver([incoming(type, attributes, references)]);
    assert.ok(receipt);
    await this.clock.settle();
    return receipt;
  }

  async control(
    id: JobId,
    kind: "start" | "cancel" | "suspend" | "resume" | "wake",
  ): Promise<JobState> {
    const outcome = await this.engine.control(id, { kind });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    await this.clock.settle();
    return outcome.value;
  }

  job(id: JobId): JobState {
    const job = this.engine.job(id);
    assert.ok(job);
    return job;
  }

  /** What its `run` returned; the status of the root task if it has not. */
  output(id: JobId): unknown {
    const main = this.job(id).tasks.find(({ taskId }) => taskId === MAIN_TASK);
    return main?.status === "completed" ? main.result : main?.status;
  }

  condition(id: JobId): string {
    return deriveCondition(this.job(id));
  }

  /** `eventType` or `eventType:taskId` of each entry of a job, without their namespaces. */
  async story(id: JobId): Promise<readonly string[]> {
    return (await this.entries(id)).map(({ eventType, taskId }) => {
      const name = eventType.split(".").at(-1) ?? "";
      return taskId === undefined ? name : `${name}:${taskId}`;
    });
  }

  async entries(id: JobId): Promise<readonly JobEventLogEntry[]> {
    return await this.engine.history.of(id, 0, 10_000);
  }

  /** Fails if the engine reported a defect. */
  assertSound(): void {
    assert.deepEqual(this.defects, []);
  }
}

/** What the engine records must be legal, or `verify` would call the journal damaged. */
function durable({ consumer }: JobEngine, entries: readonly JobEventLogEntry[]) {
  const flaw = entries.map(findIllegality).find((flaw) => flaw !== undefined);
  // Thrown outside the journal, which would take it for a failure of the disk.
  if (flaw !== undefined) queueMicrotask(() => assert.fail(`The engine recorded this: ${flaw}`));
  return consumer.durable(entries);
}

/** A definition that takes any input, for tests of what its code does. */
export function looseJob(
  type: string,
  run: (ctx: JobContext<string>) => Promise<unknown>,
  more: Partial<AnyJobDefinition> = {},
): AnyJobDefinition {
  return {
    ...defineJob({ type, version: 1, input: v.optional(v.looseObject({}), {}), run }),
    ...more,
  };
}

/** Ends all pauses. */
export async function unpause({ clock, engine }: Harness): Promise<void> {
  for (const { pauseId } of engine.pauses.all()) await engine.pauses.end(pauseId);
  await clock.settle();
}
