/**
 * Finds events that have an expected value inside a text, where the index of values does not find
 * it: among the latest events of the type, with a limit.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import { type JsonScalar, jsonSize } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import { SEARCHED_LENGTH_MAX } from "../../explain/likeness/inside_text.ts";
import { demanded } from "../../explain/likeness/own_values.ts";
import { insideForm, mismatchesWith } from "../../explain/mismatch.ts";

/** Sees events of the type of an expectation, one after the other. */
export class InsideSearch {
  readonly #expected: ExpectedEvent;
  readonly #logIds: LogId[] = [];
  #absent: readonly JsonScalar[];
  #seen = 0;

  constructor(expected: ExpectedEvent) {
    this.#expected = expected;
    this.#absent = [...demanded(expected.matcher.correlation)].map(([, value]) => value);
  }

  see(entry: JobEventLogEntry): void {
    const event = toMatchable(entry);
    if (jsonSize(event.attributes) > SEARCHED_LENGTH_MAX) return;
    this.#seen++;
    if (mismatchesWith(this.#expected, event).some(insideForm)) this.#logIds.push(entry.logId);
    if (this.#absent.length === 0) return;
    const text = JSON.stringify(event.attributes).toLowerCase();
    this.#absent = this.#absent.filter((value) => !text.includes(writtenPart(value)));
  }

  /** Those that have an expected value inside a text. */
  get logIds(): readonly LogId[] {
    return this.#logIds;
  }

  /**
   * Values that no event has in any form or place.
   *
   * @param ofType How many events there are; if it did not see them all, it is not known.
   */
  absentAmong(ofType: number | undefined): ReadonlySet<JsonScalar> {
    return new Set(ofType === this.#seen ? this.#absent : []);
  }
}

/** A value as it is written in JSON, without quotes and in lower case. */
function writtenPart(value: JsonScalar): string {
  return JSON.stringify(value).replace(/^"|"$/g, "").toLowerCase();
}
