/**
 * Which steps ran in which process, counted outside: each execution wrote a line `<job> <task>
 * <attempt>` to a file before it did anything.
 */

import assert from "node:assert/strict";
import type { IndependentEntry } from "../support/journal/independent_reader.ts";

export class Executions {
  /** For each step, by job and task, the processes in which it started. */
  readonly #lives = new Map<string, number[]>();
  #life = 0;
  #linesSeen = 0;

  constructor(private readonly file: string) {
    Deno.writeTextFileSync(file, "");
  }

  /** Attempts of all processes, one per line. */
  get lines(): readonly string[] {
    return Deno.readTextFileSync(this.file).split("\n").filter((line) => line !== "");
  }

  /**
   * A process has ended: no step started twice in it, because none fails on its own.
   *
   * @throws {AssertionError}
   */
  lifeEnded(): void {
    const { lines } = this;
    this.#life++;
    for (const line of lines.slice(this.#linesSeen)) {
      const [jobId, taskId] = line.split(" ");
      const step = `${jobId} ${taskId}`;
      const lives = this.#lives.get(step) ?? [];
      assert.notEqual(lives.at(-1), this.#life, `${step} ran twice in one life of the process`);
      this.#lives.set(step, [...lives, this.#life]);
    }
    this.#linesSeen = lines.length;
  }

  /**
   * Each step with a recorded result was executed, and once more only for each kill before its
   * result was recorded: the last execution gave the result.
   *
   * @returns The number of steps and of executions.
   * @throws {AssertionError}
   */
  requireOnce(entries: readonly IndependentEntry[], tasks: readonly string[]) {
    const reused = new Set(
      entries.filter(({ attributes }) => attributes["retryOf"] !== undefined)
        .map((entry) => entry["jobId"]),
    );
    let [steps, executions] = [0, 0];
    for (const { eventType, attributes, ...entry } of entries) {
      const { jobId, taskId } = entry;
      if (eventType !== "job.TaskCompleted" || !tasks.includes(String(taskId))) continue;
      if (reused.has(jobId)) continue;
      const step = `${jobId} ${taskId}`;
      const lives = this.#lives.get(step) ?? [];
      assert.ok(lives.length > 0, `${step} is on record as completed, and was never executed`);
      // Every execution except the last was cut short by the end of its process.
      const cutShort = Number(attributes["attempt"]) - 1;
      assert.ok(
        lives.length <= 1 + cutShort,
        `${step} was executed ${lives.length} times, with ${cutShort} deaths in it`,
      );
      steps += 1;
      executions += lives.length;
    }
    return { steps, executions };
  }
}
