/** Query strings, read strictly: what a route does not know is an error. */

import { invalidRequest } from "../../documents/refusal.ts";
import * as v from "valibot";
import type { Problem } from "../problems/problem.ts";
import type { Parameter, Parameters } from "./query_parameters.ts";

/** What was given, by name; `undefined` for what was not. */
export type Query<Known extends Parameters> = {
  readonly [Name in keyof Known]: ValueOf<Known[Name]> | undefined;
};

type ValueOf<Known> = Known extends Parameter<infer Value>
  ? Known["form"] extends "single" ? Value : readonly Value[]
  : never;

/** @throws {Problem} `invalid-request` when there is any query at all. */
export function refuseQuery(request: Request): void {
  if (request.url.includes("?")) readQuery(request, {});
}

/** @throws {Problem} `invalid-request` for a parameter that is unknown, repeated or wrong. */
export function readQuery<Known extends Parameters>(request: Request, known: Known): Query<Known> {
  const { searchParams } = new URL(request.url);
  for (const name of new Set(searchParams.keys())) {
    const parameter = Object.hasOwn(known, name) ? known[name] : undefined;
    if (parameter === undefined) throw invalidParameter(name, unknownDetail(known));
    if (parameter.form === "single" && searchParams.getAll(name).length > 1) {
      throw invalidParameter(name, "is given twice");
    }
  }
  const values = Object.entries(known)
    .map(([name, parameter]) => [name, valueOf(name, parameter, searchParams.getAll(name))]);
  return Object.fromEntries(values);
}

function unknownDetail(known: Parameters): string {
  const names = Object.keys(known);
  const all = names.length === 0 ? "there are none here" : `known are ${names.join(", ")}`;
  return `is not a known parameter; ${all}`;
}

function valueOf(name: string, { form, schema }: Parameter, texts: readonly string[]): unknown {
  const parts = form === "list"
    ? texts.flatMap((text) => text.split(",")).filter((part) => part !== "")
    : texts;
  const values = parts.map((text) => parsed(name, schema, text));
  if (values.length === 0) return undefined;
  return form === "single" ? values[0] : values;
}

function parsed(name: string, schema: Parameter["schema"], text: string): unknown {
  const result = v.safeParse(schema, text);
  if (result.success) return result.output;
  throw invalidParameter(name, result.issues[0].message);
}

export function invalidParameter(parameter: string, detail: string): Problem {
  return invalidRequest([{ parameter, detail }]);
}
