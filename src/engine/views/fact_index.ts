/**
 * Where the recorded events from outside are, by type and by what their attributes say,
 * so that an explanation finds the events that nearly matched an expectation, also those
 * that came before its job was there, without reading the journal. Values are filed in
 * their loose form: `42` is found where `"42"` is expected.
 *
 * It is bounded: two generations of postings, of which the older is dropped when the
 * younger is full. It is a function of the entries alone.
 */

import type { Correlation } from "../../core/correlation.ts";
import type { FactEntry, JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { EventMatcher } from "../../core/job_plan.ts";
import type { JsonObject, JsonScalar, JsonValue } from "../../core/json.ts";
import { looseForm } from "../../core/mismatch.ts";
import { joined } from "../writer/joined.ts";
import { type Passing, PASSING_NONE } from "./past_events.ts";
import { Postings } from "./postings.ts";
import { HASH_SEED, hashed, mixed } from "./text_hash.ts";

/** Postings in one generation; an event has one for its type and one for each scalar. */
const GENERATION_POSTINGS = 1 << 20;
const SCALARS_MAX = 32;
/** Objects and lists of one event that are looked into. */
const BRANCHES_MAX = 64;
/** Names in a path. */
const DEPTH_MAX = 6;
/** Longer texts are hardly ever what events are told apart by. */
const TEXT_LENGTH_MAX = 200;
/** Values of one correlation that are looked up. */
const TERMS_MAX = 64;

export class FactIndex {
  readonly #generationPostings: number;
  #young = new Postings();
  #old = new Postings();
  #horizon: LogId = 0;

  constructor(generationPostings: number = GENERATION_POSTINGS) {
    this.#generationPostings = generationPostings;
  }

  /** Events at or before it may have been forgotten; 0 when none was. */
  get horizon(): LogId {
    return this.#horizon;
  }

  /** What it holds in memory. */
  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }

  /** Files an entry when it is an event from outside; the positions ascend. */
  add(entry: JobEventLogEntry): void {
    if (entry.stratum === "framework") return;
    if (this.#young.size + SCALARS_MAX + 1 > this.#generationPostings) this.#beginGeneration();
    const type = hashed(HASH_SEED, entry.eventType);
    this.#young.add(mixed(type), entry.logId);
    fileScalars(this.#young, type, entry);
  }

  /** The newest events of a type, newest first, at most `limit`. */
  latest(eventType: string, limit: number): readonly LogId[] {
    return this.#newest(mixed(hashed(HASH_SEED, eventType)), limit);
  }

  /**
   * Positions of events that may nearly match, at most `limit`, the most telling first:
   * those with a value that the correlation demands, the rarest value first, and then the
   * newest of the type. Some may be of no interest, since hashes may be equal: read them.
   * The cost goes by `limit` and what is passed, not by how many events there are.
   */
  near(
    { eventType, correlation }: EventMatcher,
    limit: number,
    passing: Passing = PASSING_NONE,
  ): readonly LogId[] {
    const type = hashed(HASH_SEED, eventType);
    const newest = (hash: number) => this.#newest(hash, limit, passing);
    const chains = [...termHashes(correlation, type)].map(newest);
    const rare = chains.filter((chain) => chain.length < limit);
    const common = chains.filter((chain) => chain.length === limit);
    const found = new Set(rare.toSorted((a, b) => a.length - b.length).flat());
    for (const logId of inTurn(common)) found.add(logId);
    // A few of the type in any case: what differs may be the one value that is rare.
    const ofType = Math.floor(limit / 8);
    const best = new Set([...found].slice(0, limit - ofType));
    for (const logId of newest(mixed(type))) best.add(logId);
    return [...best].slice(0, limit);
  }

  /** All of it, as it is now. */
  capture(): Uint32Array {
    const [old, young] = [this.#old.capture(), this.#young.capture()];
    return joined(Uint32Array, [[this.#horizon, old.length], old, young]);
  }

  /** Takes over what `capture` gave. */
  restore(packed: Uint32Array): void {
    const [horizon = 0, oldLength = 0] = packed;
    this.#horizon = horizon;
    this.#old = Postings.restored(packed.subarray(2, 2 + oldLength));
    this.#young = Postings.restored(packed.subarray(2 + oldLength));
  }

  /** Whether two captures hold the same; also `false` when one is no capture. */
  static areEqual(left: Uint32Array, right: Uint32Array): boolean {
    const [one, other] = [canonical(left), canonical(right)];
    return one !== undefined && other !== undefined && one.length === other.length &&
      one.every((value, index) => value === other[index]);
  }

  #newest(hash: number, limit: number, passing?: Passing): readonly LogId[] {
    const young = this.#young.newest(hash, limit, passing);
    return young.length === limit
      ? young
      : [...young, ...this.#old.newest(hash, limit - young.length, passing)];
  }

  #beginGeneration(): void {
    if (this.#old.size > 0) this.#horizon = this.#old.last;
    this.#old = this.#young;
    this.#young = new Postings();
  }
}

function canonical(packed: Uint32Array): Uint32Array | undefined {
  const [horizon = 0, oldLength = 0] = packed;
  if (packed.length < 2 + oldLength) return undefined;
  const old = Postings.canonical(packed.subarray(2, 2 + oldLength));
  const young = Postings.canonical(packed.subarray(2 + oldLength));
  if (old === undefined || young === undefined) return undefined;
  return joined(Uint32Array, [[horizon, oldLength], old, young]);
}

interface Branch {
  readonly members: JsonObject | readonly JsonValue[];
  /** The hash of the path so far. */
  readonly hash: number;
  /** Names in the path so far. */
  readonly depth: number;
}

/** What is nearer to the root comes first, since that is what correlations name. */
function fileScalars(postings: Postings, type: number, { attributes, logId }: FactEntry): void {
  const branches: Branch[] = [{ members: attributes, hash: hashed(type, PATH_MARK), depth: 0 }];
  let left = SCALARS_MAX;
  for (const { members, hash, depth } of branches) {
    const before = depth === 0 ? hash : hashed(hash, ".");
    for (const [name, value] of membersOf(members)) {
      if (typeof value !== "object" || value === null) {
        if (isTooLong(value)) continue;
        postings.add(termHash(hashed(before, name), value), logId);
        if (--left === 0) return;
      } else if (depth + 1 < DEPTH_MAX && branches.length < BRANCHES_MAX) {
        branches.push({ members: value, hash: hashed(before, name), depth: depth + 1 });
      }
    }
  }
}

/** Without a name for each of many elements before the first is looked at. */
function* membersOf(members: Branch["members"]): Iterable<readonly [string, JsonValue]> {
  if (Array.isArray(members)) {
    for (let at = 0; at < members.length; at++) yield [String(at), members[at] as JsonValue];
    return;
  }
  for (const name in members) {
    // A path could not name it.
    if (!name.includes(".")) yield [name, (members as JsonObject)[name] as JsonValue];
  }
}

/** The hashes of all values that a correlation demands; what it rules out is not among them. */
function termHashes(correlation: Correlation, type: number): ReadonlySet<number> {
  const hashes = new Set<number>();
  const path = hashed(type, PATH_MARK);
  for (const [name, value] of demandedTerms(correlation)) {
    if (hashes.size === TERMS_MAX) break;
    if (!isTooLong(value)) hashes.add(termHash(hashed(path, name), value));
  }
  return hashes;
}

function* demandedTerms(
  correlation: Correlation,
): Iterable<readonly [path: string, value: JsonScalar]> {
  if (correlation === "any" || "not" in correlation) return;
  if ("equals" in correlation) {
    yield* Object.entries(correlation.equals);
  } else if ("in" in correlation) {
    for (const [path, values] of Object.entries(correlation.in)) {
      for (const value of values) yield [path, value];
    }
  } else {
    for (const part of "all" in correlation ? correlation.all : correlation.anyOf) {
      yield* demandedTerms(part);
    }
  }
}

/** Characters that no event type has, and hardly any name. */
const PATH_MARK = "\n";
const VALUE_MARK = "\0";

function termHash(path: number, value: JsonScalar): number {
  return mixed(hashed(hashed(path, VALUE_MARK), looseForm(value)));
}

function isTooLong(value: JsonScalar): boolean {
  return typeof value === "string" && value.length > TEXT_LENGTH_MAX;
}

/** The first of each list, then the second of each, and so on. */
function* inTurn(lists: readonly (readonly LogId[])[]): Iterable<LogId> {
  const longest = Math.max(0, ...lists.map((list) => list.length));
  for (let at = 0; at < longest; at++) {
    for (const list of lists) {
      const logId = list[at];
      if (logId !== undefined) yield logId;
    }
  }
}
