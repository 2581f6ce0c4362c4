/** The texts of a form as the value that they say. Pure. */

import { assertNever } from "../../core/assert_never.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import type { PointedIssue } from "../../http/requests/issues.ts";
import { parseJson } from "../../http/bodies/json_document.ts";
import { Problem } from "../../http/problems/problem.ts";
import type { ChoiceField, Field, GroupField, LinesField } from "./field.ts";
import { type FormTexts, inputName } from "./field_texts.ts";
import { textTyped, withPlainLineEnds } from "./scalar_text.ts";

export interface FormInput {
  /** `undefined` when nothing was filled in. */
  readonly value: JsonValue | undefined;
  /** Texts that say nothing; what is wrong with a value is for its schema to say. */
  readonly issues: readonly PointedIssue[];
}

/** What the texts say; pointers of issues begin at the value. */
export function inputOf(field: Field, texts: FormTexts): FormInput {
  const reader = new Reader(texts);
  const value = reader.read(field);
  return { value, issues: reader.issues };
}

class Reader {
  readonly #texts: FormTexts;
  readonly issues: PointedIssue[] = [];

  constructor(texts: FormTexts) {
    this.#texts = texts;
  }

  read(field: Field): JsonValue | undefined {
    if (field.kind === "group") return this.#group(field);
    const typed = this.#texts.get(inputName(field)) ?? "";
    if (typed.trim() === "") return emptyOf(field);
    switch (field.kind) {
      case "text":
        // A secret is taken as it is: nobody sees what would become of it.
        return field.isSecret ? typed : textTyped(typed);
      case "number":
        return this.#number(field, typed);
      case "choice":
        return choiceOf(field, typed);
      case "lines":
        return this.#lines(field, withPlainLineEnds(typed));
      case "json":
        return this.#json(field, typed);
      default:
        return assertNever(field, "field");
    }
  }

  #group(field: GroupField): JsonObject | undefined {
    if (!field.isRequired && !this.#isTouched(field)) return undefined;
    const members = field.fields.map((member) => [member.name, this.read(member)] as const);
    const given = members.filter((member): member is readonly [string, JsonValue] =>
      member[1] !== undefined
    );
    return Object.fromEntries(given);
  }

  /** Whether its box is ticked, or something in it is filled in. */
  #isTouched(field: Field): boolean {
    const isFilled = (this.#texts.get(inputName(field)) ?? "").trim() !== "";
    return isFilled || (field.kind === "group" && field.fields.some((one) => this.#isTouched(one)));
  }

  /** What is no number stays text, so that the schema says what is wrong with it. */
  #number(field: Field, typed: string): JsonValue | undefined {
    return isNumber(typed) ? this.#json(field, typed.trim()) : typed.trim();
  }

  #lines(field: LinesField, typed: string): JsonValue | undefined {
    if (typed.trimStart().startsWith("[")) {
      const list = listIn(typed);
      if (list !== undefined) return list;
    }
    const lines = typed.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    return lines.map((line) => this.#line(field, line));
  }

  #line(field: LinesField, line: string): JsonValue {
    switch (field.items) {
      case "string":
        return textTyped(line);
      case "number":
        return isNumber(line) ? this.#json(field, line) ?? line : line;
      case "boolean":
        return line === "true" || line === "false" ? line === "true" : line;
      default:
        return assertNever(field.items, "kind of line");
    }
  }

  #json(field: Field, typed: string): JsonValue | undefined {
    try {
      return parseJson(typed);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.issues.push(...issuesOf(error, field.pointer));
      return undefined;
    }
  }
}

function emptyOf(field: Field): JsonValue | undefined {
  return field.kind === "lines" && field.isInsisted ? [] : undefined;
}

/** What is none of the choices stays text, and the schema refuses it. */
function choiceOf({ values }: ChoiceField, typed: string): JsonValue {
  const value = values.find((one) => JSON.stringify(one) === typed);
  return value === undefined ? typed : value;
}

function isNumber(typed: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(typed.trim());
}

/** A whole list that was written as JSON. */
function listIn(typed: string): JsonValue | undefined {
  try {
    const value = parseJson(typed);
    return Array.isArray(value) ? value : undefined;
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

function issuesOf(problem: Problem, at: string): readonly PointedIssue[] {
  const { errors } = problem.members;
  if (errors === undefined) return [{ pointer: at, detail: jsonRule(problem) }];
  return errors.flatMap((issue) =>
    "pointer" in issue ? [{ pointer: at + issue.pointer, detail: issue.detail }] : []
  );
}

function jsonRule({ message, members: { position } }: Problem): string {
  return position === undefined ? message : `must be JSON: ${message.split(": ")[1] ?? message}`;
}
