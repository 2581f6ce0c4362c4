/** Whether, and how, the inputs of a definition are kept out of the journal. */

import type { JsonValue } from "../../core/json.ts";
import type { InputRetention } from "../../core/sealed_input.ts";
import type { AnyJobDefinition } from "../definition.ts";
import { mayHave, pathFlaw } from "./secret_fields.ts";

export interface Protection {
  readonly secrets: readonly string[];
  readonly retention: InputRetention;
}

/** Thirty years: the longest retention. */
const AFTER_MS_MAX = 30 * 366 * 86_400_000;

/** `undefined` when the input may stay in the journal in clear. */
export function inputProtection(definition: AnyJobDefinition): Protection | undefined {
  const { secrets = [], retention = "keep" } = definition;
  return secrets.length === 0 && retention === "keep" ? undefined : { secrets, retention };
}

/**
 * @param schema Returns the JSON Schema of the input.
 * @throws {TypeError} when a definition asks for a protection that is not possible.
 */
export function requireProtectable(definition: AnyJobDefinition, schema: () => JsonValue): void {
  const flaw = protectionFlaw(definition, schema);
  if (flaw !== undefined) throw new TypeError(`Cannot register ${definition.type}: ${flaw}`);
}

function protectionFlaw(
  definition: AnyJobDefinition,
  schema: () => JsonValue,
): string | undefined {
  const { secrets = [], retention = "keep", startsOn } = definition;
  if (!Array.isArray(secrets)) return "secrets must be an array of dotted paths";
  const flaw = secrets.map(pathFlaw).find((found) => found !== undefined);
  if (flaw !== undefined) return `secrets: ${flaw}`;
  if (!isRetention(retention)) {
    return 'retention must be "keep", "deleteOnCompletion" or {afterMs} of up to 30 years';
  }
  const protection = inputProtection(definition);
  if (protection === undefined) return undefined;
  if (startsOn !== undefined) {
    return "secrets and retention cannot hide what startsOn takes from an event: the event " +
      "itself is in the journal";
  }
  const unknown = secrets.find((path) => !mayHave(schema(), path));
  return unknown === undefined ? undefined : `secrets: its input has no ${unknown}`;
}

function isRetention(retention: InputRetention): boolean {
  if (retention === "keep" || retention === "deleteOnCompletion") return true;
  if (typeof retention !== "object" || retention === null) return false;
  const { afterMs } = retention;
  return Number.isFinite(afterMs) && afterMs >= 0 && afterMs <= AFTER_MS_MAX;
}
