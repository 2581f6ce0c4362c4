/** Parses an input with the schema of its definition, or says what is wrong with it. */

import * as v from "valibot";
import { copyJson, type JsonValue } from "../core/json.ts";
import type { AnyJobDefinition } from "./definition.ts";
import { inputIssues } from "./input_issues.ts";
import type { InputIssue } from "./requests.ts";

type InputVerdict =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly InputIssue[] };

/**
 * The schema, and whatever gets the parsed value, may change it, and with it parts of the input that
 * the schema passed on as they are. So it gets a copy: the input is, or will be, recorded.
 */
export function parseInput(
  definition: AnyJobDefinition,
  input: JsonValue | undefined,
): InputVerdict {
  const result = v.safeParse(definitionInputSchema(definition), copyJson(input));
  if (result.success) return { ok: true, value: result.output };
  if (input === undefined) return { ok: false, issues: [{ pointer: "", detail: "is required" }] };
  return { ok: false, issues: inputIssues(result.issues) };
}

/** The issues of an input, on one line. */
export function issuesText(issues: readonly InputIssue[]): string {
  return issues.map(({ pointer, detail }) => `${pointer || "/"}: ${detail}`).join("; ");
}

/** The whole schema; the type of a definition declares only a part of it. */
export function definitionInputSchema({ input }: AnyJobDefinition): v.GenericSchema {
  return input as v.GenericSchema;
}
