/**
 * Keeps the secrets of one job from getting on record by what its code says. A text for
 * people has them replaced. What `run` is answered with later, a result or an emitted
 * event, is refused instead: replaced, it would be another one after a restart.
 */

import type { ErrorFact } from "../../core/framework_events.ts";
import type { JsonValue } from "../../core/json.ts";
import { SECRET_MARK } from "../../core/sealed_input.ts";
import { errorFact } from "../../core/thrown.ts";
import { NonRetryableError } from "../job_errors.ts";

/** Shorter values, such as a year, stand in too many texts that mean something else. */
export const SECRET_LENGTH_MIN = 6;

export class SecretGuard {
  /** As they may stand in a text, the longest first. */
  #spellings: readonly string[] = [];

  /** From now on, these values are kept out. */
  watch(values: readonly string[]): void {
    const long = values.filter(({ length }) => length >= SECRET_LENGTH_MIN);
    this.#spellings = [...new Set(long.flatMap(spellingsOf))]
      .toSorted((left, right) => right.length - left.length);
  }

  /** The same text with a mark for every secret in it. */
  redact(text: string): string {
    return this.#spellings.reduce((kept, secret) => kept.replaceAll(secret, SECRET_MARK), text);
  }

  /** The same value with a mark wherever a secret stands in a text, a number or a name. */
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

  /** An error as a fact, with no secret in it; before it is cut, so that no part is left. */
  factOf(thrown: unknown): ErrorFact {
    return errorFact(thrown, (text) => this.redact(text));
  }

  /**
   * Gives back what goes on record.
   *
   * @param what What it is, in words.
   * @throws {NonRetryableError} when a secret is in it.
   */
  clean<Value>(what: string, value: Value): Value {
    if (this.holds(value)) {
      throw new NonRetryableError(
        `Cannot record ${what}: a secret of the job's input is in it; use it inside of a task, ` +
          "and return a reference",
      );
    }
    return value;
  }

  /** Whether a secret is in a value, as JSON writes it. */
  holds(value: unknown): boolean {
    if (this.#spellings.length === 0 || value === undefined) return false;
    const text = JSON.stringify(value);
    return this.#spellings.some((secret) => text.includes(secret));
  }
}

/** For code that has no secrets. */
export const NO_SECRETS: SecretGuard = new SecretGuard();

function spellingsOf(secret: string): readonly string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return [secret, escaped, encodeURIComponent(secret.toWellFormed())];
}
