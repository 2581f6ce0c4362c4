/**
 * Keeps the secrets of one job off the record when its code repeats them. In texts for people they
 * are replaced. A result or an emitted event, with which `run` is answered later, is refused
 * instead: with replacements it would differ after a restart.
 */

import type { ErrorFact } from "../../core/framework_events.ts";
import type { JobId } from "../../core/ids.ts";
import { type JsonValue, pointerTo } from "../../core/json.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import { SECRET_MARK } from "../../core/sealed_input.ts";
import { errorFact } from "../../core/error_fact.ts";
import { NonRetryableError } from "../job_errors.ts";

/** Shorter values, such as a year, occur in too many texts with another meaning. */
export const SECRET_LENGTH_MIN = 6;

export class SecretGuard {
  /** In each form that a text may contain, longest first. */
  #spellings: readonly string[] = [];

  /** Adds values to keep out. */
  watch(values: readonly string[]): void {
    const long = values.filter(({ length }) => length >= SECRET_LENGTH_MIN);
    if (long.length === 0) return;
    this.#spellings = [...new Set([...this.#spellings, ...long.flatMap(spellingsOf)])]
      .toSorted((left, right) => right.length - left.length);
  }

  /** The same text with a mark for every secret. */
  redact(text: string): string {
    return this.#spellings.reduce((kept, secret) => kept.replaceAll(secret, SECRET_MARK), text);
  }

  /** The same value with a mark wherever a secret occurs in a text, a number or a name. */
  redacted(value: JsonValue): JsonValue {
    if (typeof value === "string") return this.redact(value);
    if (typeof value === "number") return this.holds(value) ? SECRET_MARK : value;
    if (Array.isArray(value)) return value.map((element) => this.redacted(element));
    if (typeof value !== "object" || value === null) return value;
    const members = Object.entries(value);
    return Object.fromEntries(
      members.map(([name, member]) => [this.redact(name), this.redacted(member)]),
    );
  }

  /** An error as a fact, redacted before it is cut, so that no part of a secret remains. */
  factOf(thrown: unknown): ErrorFact {
    return errorFact(thrown, (text) => this.redact(text));
  }

  /**
   * Checks a value that is to be recorded, and returns it.
   *
   * @param what The name of the value in messages.
   * @throws {NonRetryableError} when it contains a secret.
   */
  requireNoSecret<Value>(what: string, value: Value): Value {
    const pointer = this.pointerIn(value);
    if (pointer === undefined) return value;
    const place = pointer === "" ? "" : `, at ${pointer}`;
    throw new NonRetryableError(
      `Cannot record ${what}: a secret of the job's input is in it${place}; use it inside a task, ` +
        "and return a reference",
    );
  }

  /**
   * Where a value contains a secret, as a JSON Pointer without the secret; `undefined` if it does
   * not.
   */
  pointerIn(value: unknown): string | undefined {
    return this.holds(value) ? pointerTo(this.#pathIn(value) ?? []) : undefined;
  }

  #pathIn(value: unknown): readonly string[] | undefined {
    if (typeof value !== "object" || value === null) return this.holds(value) ? [] : undefined;
    for (const [name, member] of Object.entries(value)) {
      if (this.holds(name)) return [this.redact(name)];
      const path = this.#pathIn(member);
      if (path !== undefined) return [name, ...path];
    }
    return undefined;
  }

  /** Whether a value contains a secret, in the form that JSON writes. */
  holds(value: unknown): boolean {
    if (this.#spellings.length === 0 || value === undefined) return false;
    const text = JSON.stringify(value);
    return this.#spellings.some((secret) => text.includes(secret));
  }
}

/** All jobs without secrets share one guard, so it must never take the secrets of one of them. */
class SharedGuard extends SecretGuard {
  override watch(values: readonly string[]): void {
    if (values.length > 0) throw new TypeError("Cannot guard secrets: other jobs have this guard");
  }
}

export const NO_SECRETS: SecretGuard = new SharedGuard();

/** The secrets of running jobs, so that no message of this process shows them. */
export class LiveSecrets {
  readonly #guards = new SteadyMap<JobId, SecretGuard>();
  /** Whether a job with secrets has ended: a text may hold them without being redacted. */
  hasForgotten = false;

  add(jobId: JobId, guard: SecretGuard): void {
    this.#guards.set(jobId, guard);
  }

  remove(jobId: JobId): void {
    if (this.#guards.delete(jobId)) this.hasForgotten = true;
  }

  redact(text: string): string {
    let redacted = text;
    for (const guard of this.#guards.values()) redacted = guard.redact(redacted);
    return redacted;
  }
}

function spellingsOf(secret: string): readonly string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [secret, escaped, encodeURIComponent(secret.toWellFormed())];
}
