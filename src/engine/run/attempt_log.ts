/** The log lines of one attempt's code, for people. They are not facts, nor part of any state. */

import type { JsonObject, JsonValue } from "../../core/json.ts";
import { errorMessage } from "../../core/thrown.ts";
import type { Clock } from "../ports.ts";
import type { JobLog, JobLogLine } from "../watches.ts";
import { recordable } from "../recordable.ts";
import type { SecretGuard } from "../secrets/secret_guard.ts";

/** Per attempt. Further lines are only counted. */
export const LOG_LINES_MAX = 1_000;
const LOG_LENGTH_MAX = 262_144;
/** Per line, in characters. */
const MESSAGE_LENGTH_MAX = 4_000;
const DATA_LENGTH_MAX = 8_000;

interface AttemptLogParts {
  readonly about: Omit<JobLogLine, "time" | "message" | "data">;
  readonly log: JobLog;
  readonly clock: Clock;
  readonly guard: SecretGuard;
}

export class AttemptLog {
  readonly #parts: AttemptLogParts;
  #lines = 0;
  #length = 0;
  #leftOut = 0;

  constructor(parts: AttemptLogParts) {
    this.#parts = parts;
  }

  write(message: unknown, data?: unknown): void {
    const text = this.#textOf(String(message));
    const added = data === undefined ? {} : this.#dataOf(data);
    this.#lines++;
    this.#length += text.length + JSON.stringify(added).length;
    if (this.#lines > LOG_LINES_MAX || this.#length > LOG_LENGTH_MAX) this.#leftOut++;
    else this.#put({ message: text, ...added });
  }

  /** Reports at the end of the attempt how many lines were dropped. */
  end(): void {
    if (this.#leftOut === 0) return;
    this.#put({ message: `${this.#leftOut} more lines were not kept: too much for one attempt` });
    this.#leftOut = 0;
  }

  #put(line: Pick<JobLogLine, "message" | "data">): void {
    const { about, clock, log } = this.#parts;
    log.write({ ...about, time: new Date(clock.now()).toISOString(), ...line });
  }

  #textOf(message: string): string {
    const text = this.#parts.guard.redact(message.toWellFormed());
    return text.length <= MESSAGE_LENGTH_MAX ? text : `${text.slice(0, MESSAGE_LENGTH_MAX)}…`;
  }

  /** Data that cannot be recorded must not fail the attempt; the reason is logged instead. */
  #dataOf(data: unknown): { readonly data: JsonObject | JsonValue } {
    try {
      const value = this.#parts.guard.redacted(recordable(data, "data") ?? null);
      const { length } = JSON.stringify(value);
      return { data: length <= DATA_LENGTH_MAX ? value : { leftOut: `${length} characters` } };
    } catch (error) {
      return { data: { leftOut: this.#textOf(errorMessage(error)) } };
    }
  }
}
