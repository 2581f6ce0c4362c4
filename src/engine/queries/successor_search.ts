/**
 * Finds the types of events that came in place of an expected one, as when a sender gives its
 * events another name: events of the new type have come only since the last of the old one, have
 * all that those had, and are about other things.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { ExpectedEvent } from "../../core/job_plan.ts";
import { isScalar, valueAt } from "../../core/json.ts";
import { toMatchable } from "../../core/projector.ts";
import { looseForm } from "../../explain/likeness/loose_form.ts";
import { mismatchesWith } from "../../explain/likeness/mismatch.ts";
import { demanded, isDistinctive } from "../../explain/likeness/own_values.ts";
import { type FoundEvents, Lookup } from "../views/past_events.ts";
import { CARRIERS_MAX } from "../views/postings.ts";
import type { SearchParts } from "./value_search.ts";

/** How many types are looked at for one expectation. */
const TYPES_MAX = 2;
/** Fewer events of the old type, or of the new one, show no change. */
const FORMER_MIN = 5;
const SINCE_MIN = 3;
/** How many of the new type are read. */
const READ_MAX = 8;

export class SuccessorSearch {
  constructor(private readonly parts: Pick<SearchParts, "source" | "find" | "read">) {}

  /**
   * @param unclaimed The events that resemble what is expected, and reached no job.
   * @param found Has the events of the expected type.
   */
  async of(
    expected: ExpectedEvent,
    unclaimed: readonly JobEventLogEntry[],
    found: FoundEvents,
  ): Promise<ReadonlySet<string>> {
    const { matcher: { eventType, correlation } } = expected;
    if ([...demanded(correlation)].every(([, value]) => !isDistinctive(value))) return new Set();
    const former = found.ofType(eventType).filter((logId) => this.#isKnown(logId));
    if (former.length < FORMER_MIN) return new Set();
    const like = unclaimed.filter((entry) => isLike(expected, entry));
    const types = [...new Set(like.map((entry) => entry.eventType))].slice(0, TYPES_MAX);
    const successors = new Set<string>();
    for (const type of types) {
      if (await this.#hasReplaced(expected, former, type)) successors.add(type);
    }
    return successors;
  }

  #isKnown(logId: LogId): boolean {
    return logId <= this.parts.source.headLogId;
  }

  async #hasReplaced(
    { matcher: { eventType, correlation } }: ExpectedEvent,
    former: readonly LogId[],
    type: string,
  ): Promise<boolean> {
    const all = (await this.parts.find(new Lookup().ofType(type))).ofType(type);
    const since = all.filter((logId) => this.#isKnown(logId));
    const last = Math.max(...former);
    const isWhole = all.length < CARRIERS_MAX;
    if (!isWhole || since.length < SINCE_MIN || since.some((logId) => logId < last)) return false;
    const old = await this.#read([last]);
    const names = Object.keys(old[0] === undefined ? {} : toMatchable(old[0]).attributes);
    const paths = [...demanded(correlation)].map(([path]) => path);
    const about: (readonly string[])[] = [];
    for (const entry of await this.#read(since.slice(0, READ_MAX))) {
      const { attributes } = toMatchable(entry);
      const values = paths.map((path) => valueAt(attributes, path)).filter(isScalar);
      if (values.length < paths.length || names.some((name) => !(name in attributes))) return false;
      about.push(values.map(looseForm));
    }
    const lookup = new Lookup().ofType(eventType);
    for (const loose of about.flat()) lookup.carrying(loose);
    const carriers = await this.parts.find(lookup);
    return about.every((values) => {
      const shared = values.map((loose) => new Set(carriers.carrying(loose)));
      return former.every((logId) => !shared.every((having) => having.has(logId)));
    });
  }

  async #read(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    return await Array.fromAsync(this.parts.read(logIds));
  }
}

/** Whether it comes from outside and is what is expected, but for the last part of its type. */
function isLike(expected: ExpectedEvent, entry: JobEventLogEntry): boolean {
  return entry.stratum === "domain" && entry.causedBy === undefined &&
    entry.jobId === undefined && entry.eventType !== expected.matcher.eventType &&
    namespaceOf(entry.eventType) === namespaceOf(expected.matcher.eventType) &&
    mismatchesWith(expected, toMatchable(entry)).length === 0;
}

function namespaceOf(type: string): string {
  return type.slice(0, type.lastIndexOf(".") + 1);
}
