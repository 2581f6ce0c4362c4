/** What sets jobs apart, as a sentence. */

import { durationText } from "../../core/duration.ts";
import type { JsonValue } from "../../core/json.ts";
import { shownScalar, shownValue } from "../../core/shown_value.ts";
import { AGE, ELEMENTS, TASK, type Trait } from "./compared_job.ts";
import { COMPARED_MAX, type Contrast } from "./contrast.ts";
import { CREATED, CREATED_AFTER } from "./created_apart.ts";

/**
 * `All 3 jobs that failed like this have label tenant = "nordwind"; none of the 91 that went
 * through has.`, or `This job has no input.phone, where all 12 that went through have one.`
 */
export function contrastText(
  { traits, alike, others, areLater, had, first: earliest }: Contrast,
  how: "failed" | "fail" | "wait" | "take long",
  one = "This job",
): string {
  const isOne = alike === 1;
  const all = alike < COMPARED_MAX ? `All ${alike}` : `The newest ${alike}`;
  const subject = isOne ? one : `${alike === 2 ? "Both" : all} jobs that ${how} like this`;
  const have = isOne ? "has" : "have";
  const of = others < COMPARED_MAX ? `${others}` : `newest ${others}`;
  const ofAll = others < COMPARED_MAX ? of : `of the ${of}`;
  const [first] = traits;
  // Those that took long went through too.
  const went = how === "take long" ? "that did not" : "that went through";
  if (had !== undefined) {
    return `${all} jobs of this type created within an hour of this one have ${first?.name} = ${
      shownValue(first?.value)
    }; ` +
      `of the ${of} before, ${had === 0 ? "none has" : had === 1 ? "one has" : `${had} have`}.`;
  }
  if (first?.name === CREATED) {
    return `${subject} were created from ${first.value} to ${first.others}; none of the ${of} that ` +
      "went through was created in that time.";
  }
  if (first?.name === CREATED_AFTER) {
    return `${subject} were created after the ${of} that went through, of which the last was ` +
      `created at ${first.value}.`;
  }
  const since = earliest === undefined
    ? ""
    : ` The first, ${earliest.jobId}, was created at ${earliest.createdAt}${
      earliest.isAfter ? `, after those ${went}` : ""
    }.`;
  if (first?.others === undefined) {
    const shown = traits.map(({ name, value }) =>
      elementsText(name, value) ?? `${name} = ${shownValue(value)}`
    ).join(" and ");
    return `${subject} ${have} ${shown}; none of the ${of} ${went} has.${since}`;
  }
  const through = `${ofAll} ${went}${areLater ? " later" : ""}`;
  const [sentence = "", next] = traits.map((trait, at) =>
    at === 0
      ? `${subject} ${have} ${againstText(trait, isOne, through)}`
      : `${isOne ? "it" : "they"} ${have} ${againstText(trait, isOne, "others")}`
  );
  return `${sentence}${next === undefined ? "" : `; ${next}`}.${since}`;
}

/** `no input.phone, where all 12 that went through have one`. */
function againstText(
  { name, value, kind, others }: Trait,
  isOne: boolean,
  of: string,
): string {
  if (name.startsWith(TASK)) {
    return value === undefined
      ? `not run ${name}, which all ${of} have`
      : `run ${name}, which none of the ${of} has`;
  }
  const elements = elementsText(name, value);
  if (elements !== undefined) {
    return `${elements}, where all ${of} have ${value === false ? "some" : "none"}`;
  }
  const is = isOne ? "=" : "such as";
  const own = kind !== undefined
    ? `${name} as ${kind}`
    : value === undefined
    ? `no ${name}`
    : `${name} ${is} ${name.startsWith(AGE) ? durationText(Number(value)) : shownScalar(value)}`;
  return others === undefined
    ? `${own}, which none of the ${of} has`
    : `${own}, where all ${of} have ${others}`;
}

function elementsText(name: string, value: JsonValue | undefined): string | undefined {
  if (!name.startsWith(ELEMENTS)) return undefined;
  return value === false ? `no ${name}` : name;
}
