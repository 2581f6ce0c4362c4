/** The domain events that one attempt stages. They commit with its completion, or not at all. */

import { eventType, isReserved } from "../../core/ids.ts";
import type { FactDraft } from "../../core/event.ts";
import { type JsonObject, jsonSize } from "../../core/json.ts";
import { NonRetryableError } from "../job_errors.ts";
import { recordable } from "../recordable.ts";
import type { SecretGuard } from "../secrets/secret_guard.ts";

/** Per attempt. */
export const EMITTED_MAX = 1_000;

/** All events of one attempt together, in characters of JSON. */
export const EMITTED_LENGTH_MAX = 4_194_304;

export class StagedEvents {
  readonly #guard: SecretGuard;
  readonly #events: FactDraft[] = [];
  #length = 0;

  constructor(guard: SecretGuard) {
    this.#guard = guard;
  }

  get events(): readonly FactDraft[] {
    return this.#events;
  }

  /**
   * @throws {TypeError} when the type is illegal or reserved.
   * @throws {NonRetryableError} when the attributes cannot be recorded, or a limit is reached.
   */
  emit(type: string, attributes: JsonObject): void {
    const event = this.#guard.requireNoSecret("an event", staged(type, attributes));
    if (this.#events.length >= EMITTED_MAX) {
      throw tooMuch(type, `${EMITTED_MAX} events`);
    }
    const length = this.#length + jsonSize(event.attributes);
    if (length > EMITTED_LENGTH_MAX) {
      throw tooMuch(type, `${EMITTED_LENGTH_MAX} characters of events`);
    }
    this.#length = length;
    this.#events.push(event);
  }
}

function tooMuch(type: string, limit: string): NonRetryableError {
  return new NonRetryableError(
    `Cannot emit ${type}: an attempt may emit at most ${limit}; split the events among several ` +
      "tasks",
  );
}

function staged(text: string, attributes: JsonObject): FactDraft {
  const type = eventType(text);
  if (isReserved(type)) {
    throw new TypeError(`Cannot emit ${type}: the namespaces job. and journal. are reserved`);
  }
  const recorded = recordable(attributes, `attributes of ${type}`);
  if (typeof recorded !== "object" || recorded === null || Array.isArray(recorded)) {
    throw new TypeError(`Cannot emit ${type}: attributes must be an object`);
  }
  return { stratum: "domain", eventType: type, attributes: recorded as JsonObject };
}
