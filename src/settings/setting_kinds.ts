/** The kinds of settings: how each is read, bounded and shown. valibot reads and checks. */

import * as v from "valibot";
import { durationText, parseDuration } from "../core/duration.ts";
import { parseSize, sizeText } from "../core/size.ts";

/** How the text of a setting is read and shown. */
export interface Kind<Value = unknown> {
  /** What stands for its value in `--help`; a switch has none. */
  readonly value?: string;
  /** From the smallest to the largest value, in words. */
  readonly range?: string;
  /** Its issue goes on after the name of the setting: `must be from 1 to 256`. */
  readonly schema: v.GenericSchema<string, Value>;
  /** In words, with its unit. */
  show(value: Value): string;
}

export function whole(value: string, min: number, max: number): Kind<number> {
  const parse = (text: string) => /^\d+$/.test(text) ? Number(text) : NaN;
  const show = (count: number) => value === "number" ? `${count}` : `${count} ${value}`;
  return { ...numeric(parse, String, min, max), value, show };
}

export function bytes(min: number, max: number): Kind<number> {
  const kind = numeric(parseSize, sizeText, min, max, ", such as 65536, 64KiB or 64MiB");
  return { ...kind, value: "bytes", show: sizeText };
}

export function time(max: number, zero = "0"): Kind<number> {
  const kind = numeric(parseDuration, durationText, 0, max, ", such as 500ms, 90s, 15m or 2h");
  return { ...kind, value: "time", show: (ms) => ms === 0 ? zero : durationText(ms) };
}

function numeric(
  parse: (text: string) => number,
  show: (value: number) => string,
  min: number,
  max: number,
  examples = "",
) {
  const range = `${min === 0 ? "0" : show(min)} to ${show(max)}`;
  const message = `must be from ${range}${examples}`;
  const inRange = v.pipe(v.number(message), v.minValue(min, message), v.maxValue(max, message));
  return { range, schema: v.pipe(v.string(), v.transform(parse), inRange) };
}

export function text(value: string): Kind<string> {
  const schema = v.pipe(v.string(), v.nonEmpty("must not be empty"));
  return { value, schema, show: (given) => given };
}

/** @param none What is shown when it is not set. */
export function optional(value: string, none: string): Kind<string | undefined> {
  const schema = v.pipe(v.string(), v.transform((given) => given || undefined));
  return { value, schema, show: (given) => given ?? none };
}

export function list(value: string): Kind<readonly string[]> {
  const parts = (given: string) =>
    given.split(",").map((part) => part.trim()).filter((part) => part !== "");
  const schema = v.pipe(v.string(), v.transform(parts));
  return { value, schema, show: (names) => names.join(", ") || "none" };
}

export function choice<const Value extends string>(
  value: string,
  values: readonly Value[],
): Kind<Value> {
  const message = `must be ${values.join(" or ")}`;
  const schema = v.pipe(v.string(), v.picklist(values, message));
  return { value, schema, show: (chosen) => chosen };
}

const TRUE = ["1", "true"];

export const SWITCH: Kind<boolean> = {
  schema: v.pipe(
    v.string(),
    v.picklist(["", "0", "false", ...TRUE], "must be true or false"),
    v.transform((given) => TRUE.includes(given)),
  ),
  show: (isOn) => isOn ? "yes" : "no",
};
