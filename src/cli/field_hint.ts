/** Advice for who gave digits with `--field`, where text was wanted. */

import { shellWord } from "../core/shell_word.ts";
import type { RefusedByServerError } from "./client.ts";
import { splitAt } from "./json_input.ts";
import type { ReceiptResource } from "./resources.ts";

/** A field of a command line whose value is JSON, but no text. */
interface BareField {
  readonly path: string;
  readonly value: string;
}

/** For an event that came near: `shipped` wants `"42"`, and `-f orderId=42` is a number. */
export function hintAtReceipt(
  fields: readonly string[],
  { nearest }: ReceiptResource,
): string | undefined {
  return hintFor(
    fields,
    ({ path, value }) =>
      nearest?.clauses?.some((clause) =>
        clause.path === path && clause.expected === JSON.stringify(value)
      ) ?? false,
  );
}

/** For an input that the definition refuses. */
export function hintAtRefusal(
  fields: readonly string[],
  { errors }: RefusedByServerError["problem"],
): string | undefined {
  const issues: readonly unknown[] = Array.isArray(errors) ? errors : [];
  return hintFor(fields, ({ path }) => issues.some((issue) => asksForText(issue, path)));
}

function asksForText(issue: unknown, path: string): boolean {
  return typeof issue === "object" && issue !== null &&
    "pointer" in issue && issue.pointer === `/input/${path.replaceAll(".", "/")}` &&
    "detail" in issue && String(issue.detail).includes("must be a string");
}

function hintFor(
  fields: readonly string[],
  isText: (field: BareField) => boolean,
): string | undefined {
  const meant = fields.map(bareField).filter((field) => field !== undefined).filter(isText);
  if (meant.length === 0) return undefined;
  const words = meant.map(({ path, value }) =>
    `-f ${shellWord(`${path}=${JSON.stringify(value)}`)}`
  );
  return `--field takes a bare ${meant[0]?.value} as JSON; for text write ${words.join(" ")}`;
}

function bareField(field: string): BareField | undefined {
  const [path, value] = splitAt(field, "--field");
  return /^(?:-?\d[\d.eE+-]*|true|false|null)$/.test(value) ? { path, value } : undefined;
}
