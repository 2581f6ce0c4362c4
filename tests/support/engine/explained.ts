/**
 * A real engine over a real journal on a disk in memory, behind the real routes, on a manual clock:
 * explanations can be compared exactly, and every citation opened in its file.
 */

import assert from "node:assert/strict";
import type { Hono } from "hono";
import { MemoryIndex } from "./memory_index.ts";
import type { Citation, Explanation } from "../../../src/explain/statements/explanation.ts";
import type { EventId, JobId } from "../../../src/core/ids.ts";
import type { AnyJobDefinition } from "../../../src/engine/definition.ts";
import { JobEngine } from "../../../src/engine/job_engine.ts";
import { createApp } from "../../../src/http/app.ts";
import { FileJournal } from "../../../src/journal/file_journal.ts";
import { FakeClock, FakeRandom } from "../fake_clock.ts";
import { TestDisk } from "../journal/journal_disk.ts";
import { MemoryDisk } from "../journal/journal_memory_disk.ts";
import { type SharedLogDouble, sharing } from "../journal/shared_log_double.ts";
import { unlimited } from "./unlimited.ts";

/** Small, so that citations spread over many files. */
const SEGMENT_BYTES = 3_700;
const BASE = "http://127.0.0.1:8000";

export interface ExplainedOptions {
  readonly definitions?: readonly unknown[];
  readonly maxRunning?: number;
  /** Starts with a pause of everything. */
  readonly hold?: boolean;
  /** Takes part in a shared journal, under this name. */
  readonly sharing?: { readonly log: SharedLogDouble; readonly writer: string };
}

export class Explained {
  private constructor(
    readonly engine: JobEngine,
    readonly app: Hono,
    readonly disk: MemoryDisk,
    /** The disk, which can be made to fail. */
    readonly faults: TestDisk,
    readonly clock: FakeClock,
    readonly random: FakeRandom,
    readonly options: ExplainedOptions,
  ) {}

  static async start(options: ExplainedOptions = {}): Promise<Explained> {
    return await Explained.#open(options, new MemoryDisk(), new FakeClock(), new FakeRandom());
  }

  static async #open(
    options: ExplainedOptions,
    disk: MemoryDisk,
    clock: FakeClock,
    random: FakeRandom,
  ): Promise<Explained> {
    const { definitions = [], maxRunning = 4, hold, sharing: part } = options;
    const faults = new TestDisk(disk);
    const engine = new JobEngine({
      ...unlimited(),
      clock,
      random,
      index: MemoryIndex.empty(),
      definitions: definitions as readonly AnyJobDefinition[],
      maxRunning,
      onDefect: (error) => {
        throw error;
      },
    });
    const { journal } = await FileJournal.open({
      folder: "journal",
      fileSystem: faults,
      clock,
      random,
      consumer: engine.consumer,
      segmentBytes: SEGMENT_BYTES,
      quietSealMs: 2 ** 31 - 1,
      shared: part === undefined ? undefined : sharing(part.log, part.writer),
      warn: () => {},
    });
    await engine.open(journal);
    await engine.lead(await journal.lead() ?? undefined, hold);
    engine.work();
    await clock.settle();
    return new Explained(
      engine,
      createApp({ engine, clock }),
      disk,
      faults,
      clock,
      random,
      options,
    );
  }

  /** Starts again from what is on the disk, as after a kill. */
  async crash(options: ExplainedOptions = this.options): Promise<Explained> {
    return await Explained.#open(options, this.disk.copy(), this.clock, this.random);
  }

  /** Another process takes over the shared journal; this one is frozen. */
  async takeover(writer: string, options: ExplainedOptions = {}): Promise<Explained> {
    const { sharing: part } = this.options;
    assert.ok(part);
    const others = { ...this.options, ...options, sharing: { ...part, writer } };
    return await Explained.#open(others, new MemoryDisk(), this.clock, this.random);
  }

  async post(path: string, body: unknown = {}): Promise<Record<string, unknown>> {
    const response = await this.app.request(BASE + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    assert.ok(response.ok, JSON.stringify(answer));
    await this.clock.settle();
    return answer;
  }

  async submit(jobId: string, type: string, input: unknown = {}, more: object = {}): Promise<void> {
    await this.post("/jobs", { jobId, type, input, ...more });
  }

  async event(eventType: string, attributes: object = {}, more: object = {}): Promise<void> {
    await this.post("/events", { eventType, attributes, ...more });
  }

  /** The prose, with every citation opened in its file. */
  async text(jobId: string): Promise<string> {
    const response = await this.app.request(`${BASE}/jobs/${jobId}/explain`, {
      headers: { accept: "text/plain" },
    });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    await this.assertCitations(jobId);
    this.#assertEvidence(text);
    return text;
  }

  /** The evidence has the line of each reference in the prose, as in its file, and no other. */
  #assertEvidence(text: string): void {
    const [told = "", evidence = ""] = text.split("\nEvidence\n");
    const lines = [...evidence.matchAll(/^ {2}\[(\d+)\] (\S+):(\d+) (\S+) (\S+)/gm)];
    for (const [, logId, segment = "", line, eventType = "", eventId = ""] of lines) {
      this.#assertLine({
        ...{ logId: Number(logId), segment, line: Number(line) },
        ...{ eventType, eventId: eventId as EventId },
      });
    }
    const references = [...told.matchAll(/(?<!runs:)\s\[(\d+(?:,\s+(?:\d+|\.{3}))*)\]/g)]
      .flatMap(([, list = ""]) => list.split(/,\s+/));
    // A long list is cut.
    if (references.includes("...")) return;
    assert.deepEqual(new Set(references), new Set(lines.map(([, logId]) => logId)), text);
  }

  /** What a retry advises to do first. */
  async beforeRetry(jobId: string): Promise<readonly string[]> {
    const { first } = await this.post(`/jobs/${jobId}/retry`, { dryRun: true });
    return (first as { statement: string }[]).map(({ statement }) => statement);
  }

  /** Fails the next writes, as a full disk does. */
  fillDisk(): void {
    const error = Object.assign(new Error("no space left"), { code: "ENOSPC" });
    for (let write = 0; write < 5; write++) {
      this.faults.fail({ operation: "write", path: "segments", error });
    }
  }

  async explanation(jobId: string): Promise<Explanation<Citation>> {
    const explanation = await (await this.engine.explanations()).explainer.explain(jobId as JobId);
    assert.ok(explanation);
    return explanation;
  }

  /**
   * Checks that every citation is the line that it claims, and that every statement of a reason has
   * one.
   */
  async assertCitations(jobId: string): Promise<void> {
    const { because, completed, waitingFor, next } = await this.explanation(jobId);
    for (const { statement, cites } of [...because, ...completed, ...waitingFor]) {
      assert.ok(cites.length > 0, `no evidence: ${statement}`);
    }
    const misses = waitingFor.flatMap(({ nearMisses }) => nearMisses);
    const all = [...because, ...completed, ...waitingFor, ...misses, ...next];
    for (const { cites } of all) cites.forEach((citation) => this.#assertLine(citation));
  }

  #assertLine(citation: Citation): void {
    const { segment, line, logId, eventId, eventType } = citation;
    const bytes = this.disk.files.get(`journal/segments/${segment}`);
    assert.ok(bytes, `there is no segment ${segment}`);
    const text = new TextDecoder().decode(bytes).split("\n")[line - 1] ?? "";
    const found = JSON.parse(text);
    assert.deepEqual(
      { logId: found.logId, eventId: found.eventId, eventType: found.eventType },
      { logId, eventId, eventType },
    );
  }
}
