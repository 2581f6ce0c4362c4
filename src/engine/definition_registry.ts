/** The definitions that this process has loaded, and what follows from one and an input. */

import { toJsonSchema } from "@valibot/to-json-schema";
import {
  EVENT_TYPE_RULE,
  type EventType,
  eventType,
  isEventType,
  isReserved,
} from "../core/event_type.ts";
import { correlationFlaw, holds } from "../core/correlation.ts";
import {
  type Deadline,
  type EventMatcher,
  EXPECTED_EVENT_KINDS,
  type ExpectedEvent,
  type JobPlan,
  MAIN_EXPECTATION,
  MAIN_EXPECTATION_ID,
  MATCHES_MAX,
  type Multiplicity,
  requiredMatches,
  REST_MS_MAX,
  sharedPlan,
  TIMES_MAX,
  YEARS_MAX,
} from "../core/job_plan.ts";
import { ID_PATTERN, ID_RULE } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import { ruleFlaw } from "../core/pause_rule.ts";
import type { JsonValue } from "../core/json.ts";
import type { PlaceLimits } from "../core/place_limits.ts";
import {
  type AnyJobDefinition,
  type ErrorMatcher,
  type Expectation,
  isThreaded,
} from "./definition.ts";
import type { FactEvent } from "./job_context.ts";
import { requireLimits } from "./limits.ts";
import { requireProtectable } from "./secrets/protection.ts";
import { definitionInputSchema } from "./parsed_input.ts";
import type { DefinitionInfo } from "./requests.ts";

export class DefinitionRegistry {
  /** All versions of each type, newest first. */
  readonly #byType = new Map<string, AnyJobDefinition[]>();
  readonly #starters = new Map<string, AnyJobDefinition[]>();

  /** @throws {TypeError} when two definitions share type and version, or a name is illegal. */
  constructor(definitions: readonly AnyJobDefinition[]) {
    for (const definition of definitions) this.#add(definition);
    for (const versions of this.#byType.values()) {
      versions.sort((left, right) => right.version - left.version);
      this.#addStarter(versions[0] as AnyJobDefinition);
    }
  }

  get types(): readonly string[] {
    return [...this.#byType.keys()].toSorted();
  }

  /** The newest version of a type: new jobs and retries use it. */
  get(type: string | undefined): AnyJobDefinition | undefined {
    return this.#versionsOf(type)[0];
  }

  /** All versions of all types, the newest of each type first. */
  get all(): readonly AnyJobDefinition[] {
    return this.types.flatMap((type) => this.#versionsOf(type));
  }

  /** The version that created a job, or else the newest that declares that it runs such jobs. */
  running({ type, definitionVersion: version = 0 }: CodeOfJob): AnyJobDefinition | undefined {
    const versions = this.#versionsOf(type);
    return versions.find((one) => one.version === version) ??
      versions.find(({ runs = [] }) => runs.includes(version));
  }

  /** Why no version runs a job, as a clause; `undefined` when one does. */
  lackFor(job: CodeOfJob): string | undefined {
    const { type = "", definitionVersion } = job;
    if (this.running(job) !== undefined) return undefined;
    const versions = this.#versionsOf(type).map(({ version }) => version);
    if (versions.length === 0) return `no definition of type ${type} is loaded`;
    const loaded = versions.length === 1
      ? `version ${versions[0]} is, and does`
      : `versions ${versions.join(", ")} are, and do`;
    return `version ${definitionVersion} of type ${type} is not loaded: ${loaded} not say that ` +
      `${versions.length === 1 ? "it runs" : "they run"} its jobs (runs: [${definitionVersion}])`;
  }

  /** The definitions that start a job on this event. */
  startedBy(
    { eventType, attributes }: Pick<FactEvent, "eventType" | "attributes">,
  ): readonly AnyJobDefinition[] {
    return this.startersFor(eventType).filter(({ startsOn }) =>
      startsOn !== undefined && holds(startsOn.correlation ?? "any", attributes)
    );
  }

  startersFor(eventType: string): readonly AnyJobDefinition[] {
    return this.#starters.get(eventType) ?? [];
  }

  get startingTypes(): readonly string[] {
    return [...this.#starters.keys()];
  }

  /** The limits of each type that has some: those of its newest version. */
  get limits(): readonly (readonly [string, PlaceLimits])[] {
    return this.types.flatMap((type) => {
      const { limits } = this.get(type) ?? {};
      return limits === undefined ? [] : [[type, limits] as const];
    });
  }

  /** Whether a job runs in a thread of its own. */
  isInThread(job: CodeOfJob): boolean {
    const definition = this.running(job);
    return definition !== undefined && isThreaded(definition);
  }

  /** Whether any definition runs in threads. */
  get hasThreaded(): boolean {
    return this.all.some(isThreaded);
  }

  info(): readonly DefinitionInfo[] {
    return this.all.map(definitionInfo);
  }

  #versionsOf(type: string | undefined): readonly AnyJobDefinition[] {
    return (type === undefined ? undefined : this.#byType.get(type)) ?? NONE;
  }

  #add(definition: AnyJobDefinition): void {
    requireUsable(definition);
    const { type, version } = definition;
    const versions = this.#byType.get(type) ?? [];
    if (versions.some((other) => other.version === version)) {
      throw new TypeError(
        `Cannot register ${type}: another definition has this type and version ${version} already`,
      );
    }
    this.#byType.set(type, [...versions, definition]);
  }

  #addStarter(definition: AnyJobDefinition): void {
    const { startsOn } = definition;
    if (startsOn === undefined) return;
    const trigger = eventType(startsOn.eventType);
    this.#starters.set(trigger, [...this.#starters.get(trigger) ?? [], definition]);
  }
}

/** What decides which code runs a job. */
type CodeOfJob = Pick<JobState, "type" | "definitionVersion">;

const NONE: readonly AnyJobDefinition[] = [];

/** @throws {TypeError} */
function requireUsable(definition: AnyJobDefinition): void {
  const { type, version, onCompensated = "Failed", runs = [], startsOn } = definition;
  if (!isEventType(type)) {
    throw new TypeError(
      `Cannot use ${JSON.stringify(type)} as a type of job: it must be ${EVENT_TYPE_RULE}`,
    );
  }
  if (!isVersion(version)) {
    throw new TypeError(`Cannot register ${type}: version must be a whole number, at least 1`);
  }
  if (!Array.isArray(runs) || !runs.every(isVersion)) {
    throw new TypeError(`Cannot register ${type}: runs must list versions, such as [1, 2]`);
  }
  if (definition.input?.kind !== "schema") {
    throw new TypeError(`Cannot register ${type}: input must be a schema of valibot`);
  }
  if (onCompensated !== "Done" && onCompensated !== "Failed") {
    throw new TypeError(`Cannot register ${type}: onCompensated must be "Done" or "Failed"`);
  }
  const { pauseAfter } = definition;
  const ruled = pauseAfter === undefined ? undefined : ruleFlaw(pauseAfter);
  if (ruled !== undefined) throw new TypeError(`Cannot register ${type}: ${ruled}`);
  const { isolation, module } = definition;
  if (isolation !== undefined && isolation !== "thread") {
    throw new TypeError(`Cannot register ${type}: isolation must be "thread", or left out`);
  }
  if (isolation === "thread" && typeof module !== "string") {
    throw new TypeError(
      `Cannot register ${type}: isolation "thread" needs module: import.meta.url, the module ` +
        "that exports this definition",
    );
  }
  requireLimits(definition);
  requireProtectable(definition, () => inputJsonSchema(definition));
  if (startsOn === undefined) return;
  const trigger = eventType(startsOn.eventType);
  const flaw = correlationFlaw(startsOn.correlation ?? "any");
  if (flaw !== undefined) throw new TypeError(`Cannot start ${type} on ${trigger}: ${flaw}`);
  if (isReserved(trigger)) {
    throw new TypeError(`Cannot start ${type} on ${trigger}: only Daybook records such events`);
  }
}

function isVersion(version: unknown): boolean {
  return Number.isSafeInteger(version) && Number(version) >= 1;
}

/**
 * The plan of a job of this definition: its `run`, and what it expects.
 *
 * @throws {TypeError} when the definition names an expectation `main`, or an event type that is not
 * legal, or wants too many events.
 */
export function planFor(definition: AnyJobDefinition, input: unknown): JobPlan {
  const expects = definition.expects?.(input) ?? {};
  if (typeof expects !== "object") {
    throw new TypeError(`Cannot expect ${String(expects)}: it must be an object of expectations`);
  }
  const named = Object.entries(expects).map(([id, spec]) => expectedEvent(id, spec));
  requireFew(named);
  return sharedPlan({
    expected: [MAIN_EXPECTATION, ...named],
    policy: {
      errors: (definition.errors?.(input) ?? []).map(toMatcher),
      onCompensated: definition.onCompensated ?? "Failed",
    },
  });
}

function requireFew(expected: readonly ExpectedEvent[]): void {
  const wanted = expected.reduce((sum, one) => sum + requiredMatches(one.multiplicity), 0);
  if (wanted <= MATCHES_MAX) return;
  throw new TypeError(
    `Cannot expect ${wanted} events: a plan may want at most ${MATCHES_MAX}, all its ` +
      "expectations together",
  );
}

function expectedEvent(id: string, spec: Expectation): ExpectedEvent {
  if (id === MAIN_EXPECTATION_ID) {
    throw new TypeError(`Cannot expect an event under the name ${id}: it stands for run itself`);
  }
  if (!ID_PATTERN.test(id)) {
    throw new TypeError(`Cannot expect ${JSON.stringify(id)}: its name must be ${ID_RULE}`);
  }
  const kind = spec.kind ?? "DomainFact";
  if (!EXPECTED_EVENT_KINDS.includes(kind)) {
    throw new TypeError(`Cannot expect ${id}: kind is none of ${EXPECTED_EVENT_KINDS.join(", ")}`);
  }
  return {
    id,
    kind,
    matcher: toMatcher(spec),
    multiplicity: checkedMultiplicity(id, spec),
    ...(spec.within === undefined ? {} : { within: checkedDeadline(id, spec.within) }),
  };
}

function checkedMultiplicity(
  id: string,
  { multiplicity = "ExactlyOnce" }: Expectation,
): Multiplicity {
  if (multiplicity === "ExactlyOnce" || multiplicity === "AtLeastOnce") return multiplicity;
  if (isCount(multiplicity.times)) return { times: multiplicity.times };
  throw new TypeError(
    `Cannot expect ${id}: multiplicity must be ExactlyOnce, AtLeastOnce or {times} with a whole ` +
      `number from 1 to ${TIMES_MAX}`,
  );
}

function checkedDeadline(id: string, { ms, otherwise }: Deadline): Deadline {
  const isTime = Number.isFinite(ms) && ms > 0 && ms <= REST_MS_MAX;
  if (isTime && (otherwise === "fail" || otherwise === "waive")) return { ms, otherwise };
  throw new TypeError(
    `Cannot expect ${id}: within must be {ms, otherwise} with milliseconds up to ${YEARS_MAX} ` +
      'years and "fail" or "waive"',
  );
}

function isCount(times: number): boolean {
  return Number.isInteger(times) && times >= 1 && times <= TIMES_MAX;
}

function toMatcher(spec: ErrorMatcher): EventMatcher {
  const type: EventType = eventType(spec.eventType);
  const correlation = spec.correlation ?? "any";
  const flaw = correlationFlaw(correlation);
  if (flaw !== undefined) throw new TypeError(`Cannot expect ${type}: ${flaw}`);
  return { eventType: type, correlation };
}

function definitionInfo(definition: AnyJobDefinition): DefinitionInfo {
  return {
    type: definition.type,
    version: definition.version,
    ...(definition.runs === undefined ? {} : { runs: definition.runs }),
    ...(definition.description === undefined ? {} : { description: definition.description }),
    inputSchema: inputJsonSchema(definition),
    ...(definition.startsOn === undefined ? {} : { startsOn: toMatcher(definition.startsOn) }),
    ...(definition.secrets === undefined ? {} : { secrets: definition.secrets }),
    ...(definition.retention === undefined ? {} : { retention: definition.retention }),
    ...(definition.pauseAfter === undefined ? {} : { pauseAfter: definition.pauseAfter }),
    ...limitsInfo(definition),
  };
}

function limitsInfo({ limits }: AnyJobDefinition): Pick<DefinitionInfo, "limits"> {
  if (limits === undefined) return {};
  const { maxRunning, perKey, key, rate } = limits;
  return {
    limits: {
      ...(maxRunning === undefined ? {} : { maxRunning }),
      ...(perKey === undefined ? {} : { perKey }),
      ...(rate === undefined ? {} : { rate: { count: rate.count, perMs: rate.perMs } }),
      byKey: key !== undefined,
    },
  };
}

function inputJsonSchema(definition: AnyJobDefinition): JsonValue {
  const options = { errorMode: "ignore", target: "draft-2020-12" } as const;
  return toJsonSchema(definitionInputSchema(definition), options) as unknown as JsonValue;
}
