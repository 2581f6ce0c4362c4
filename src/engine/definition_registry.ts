/** The definitions that this process has loaded, and questions about them. */

import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import { EVENT_TYPE_RULE, eventType, isEventType, isReserved } from "../core/ids.ts";
import { correlationFlaw, holds } from "../core/correlation.ts";
import type { JobState } from "../core/job_state.ts";
import { ruleFlaw } from "../core/pauses.ts";
import { type JsonValue, present } from "../core/json.ts";
import { errorMessage } from "../core/thrown.ts";
import type { LimitValues } from "../core/place_limits.ts";
import { nearestName } from "../explain/likeness/names.ts";
import { type AnyJobDefinition, isThreaded } from "./definition.ts";
import type { FactEvent } from "./job_context.ts";
import { limitsFlaw, placeLimits } from "./definition_limits.ts";
import { protectionFlaw } from "./secrets/protection.ts";
import { definitionInputSchema } from "./parsed_input.ts";
import type { DefinitionInfo } from "./requests.ts";
import { requireMembers, STARTS_ON_MEMBERS, toMatcher } from "./definition_plan.ts";
import { recordable } from "./recordable.ts";

export class DefinitionRegistry {
  /** All versions of each type, newest first. */
  readonly #byType = new Map<string, AnyJobDefinition[]>();
  readonly #starters = new Map<string, AnyJobDefinition[]>();

  /**
   * @throws {TypeError} when two definitions have the same type and version, or a name is not
   * legal.
   */
  constructor(definitions: readonly AnyJobDefinition[]) {
    for (const definition of definitions) this.#add(definition);
    for (const versions of this.#byType.values()) {
      versions.sort((left, right) => right.version - left.version);
      const newest = versions[0] as AnyJobDefinition;
      if (newest.startsOn === undefined) continue;
      const trigger = eventType(newest.startsOn.eventType);
      this.#starters.getOrInsertComputed(trigger, () => []).push(newest);
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

  /**
   * The version that created a job; otherwise the newest one that declares that it runs such jobs.
   */
  running({ type, definitionVersion: version = 0 }: CodeOfJob): AnyJobDefinition | undefined {
    const versions = this.#versionsOf(type);
    return versions.find((one) => one.version === version) ??
      versions.find(({ runs = [] }) => runs.includes(version));
  }

  /** Why no loaded version runs a job, as a clause; `undefined` when one does. */
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

  /** The limits of each type that has any: those of its newest version. */
  get limits(): readonly (readonly [string, LimitValues])[] {
    return this.types.flatMap((type) => {
      const { limits } = this.get(type) ?? {};
      return limits === undefined ? [] : [[type, placeLimits(limits)] as const];
    });
  }

  /** Whether a job's code runs in a thread. */
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
    const versions = this.#byType.getOrInsertComputed(type, () => []);
    if (versions.some((other) => other.version === version)) {
      throw new TypeError(
        `Cannot register ${type}: another definition has this type and version ${version} already`,
      );
    }
    versions.push(definition);
  }
}

/** The parts of a job that decide which code runs it. */
type CodeOfJob = Pick<JobState, "type" | "definitionVersion">;

const NONE: readonly AnyJobDefinition[] = [];

/** @throws {TypeError} */
function requireUsable(definition: AnyJobDefinition): void {
  const { type } = definition;
  if (!isEventType(type)) {
    throw new TypeError(
      `Cannot use ${JSON.stringify(type)} as a type of job: it must be ${EVENT_TYPE_RULE}`,
    );
  }
  const flaw = flawOf(definition);
  if (flaw !== undefined) throw new TypeError(`Cannot register ${type}: ${flaw}`);
  requireStarter(definition);
}

/** Members may be getters: what they throw is a flaw of the definition, not of the server. */
function flawOf(definition: AnyJobDefinition): string | undefined {
  try {
    return definitionFlaw(definition) ?? limitsFlaw(definition) ??
      protectionFlaw(definition, () => inputJsonSchema(definition));
  } catch (thrown) {
    return `it cannot be read: ${errorMessage(thrown)}`;
  }
}

/** What is wrong with a definition, as a clause; `undefined` when nothing is. */
function definitionFlaw(definition: AnyJobDefinition): string | undefined {
  const { version, onCompensated = "Failed", runs = [], description, input } = definition;
  const { pauseAfter, isolation, module = "" } = definition;
  if (!isVersion(version)) return "version must be a whole number, at least 1";
  if (!Array.isArray(runs) || !runs.every(isVersion)) {
    return "runs must list versions, such as [1, 2]";
  }
  if (typeof (description ?? "") !== "string") return "description must be a text";
  if (input?.kind !== "schema") return "input must be a valibot schema";
  // It would accept everything.
  if (input.async) return "input must not be an asynchronous schema";
  for (const name of ["expects", "errors"] as const) {
    if (!["function", "undefined"].includes(typeof definition[name])) {
      return `${name} must be a function of the input`;
    }
  }
  for (const name of Object.keys(definition)) {
    const meant = nearestName(name, OPTIONAL);
    if (meant !== undefined) return `it has no member ${name}; did you mean ${meant}?`;
  }
  if (onCompensated !== "Done" && onCompensated !== "Failed") {
    return 'onCompensated must be "Done" or "Failed"';
  }
  if (isolation !== undefined && isolation !== "thread") {
    return 'isolation must be "thread", or left out';
  }
  if (isolation === "thread" && !URL.canParse(module)) {
    return 'isolation "thread" needs module: import.meta.url, the module that exports this ' +
      "definition";
  }
  return pauseAfter === undefined ? undefined : ruleFlaw(pauseAfter);
}

function requireStarter({ type, startsOn }: AnyJobDefinition): void {
  if (startsOn === undefined) return;
  requireMembers(`Cannot register ${type}: startsOn`, startsOn, STARTS_ON_MEMBERS);
  if (typeof startsOn.input !== "function") {
    throw new TypeError(`Cannot register ${type}: startsOn.input must be a function of the event`);
  }
  const trigger = eventType(startsOn.eventType);
  const flaw = correlationFlaw(startsOn.correlation ?? "any");
  if (flaw !== undefined) throw new TypeError(`Cannot start ${type} on ${trigger}: ${flaw}`);
  if (isReserved(trigger)) {
    throw new TypeError(`Cannot start ${type} on ${trigger}: only Daybook records such events`);
  }
}

/** Without one of these, a definition would be good: a misspelling would go unnoticed. */
const OPTIONAL = [
  ...["runs", "description", "expects", "errors", "onCompensated", "startsOn", "secrets"],
  ...["retention", "limits", "pauseAfter", "isolation", "module"],
];

function isVersion(version: unknown): boolean {
  return Number.isSafeInteger(version) && Number(version) >= 1;
}

function definitionInfo(definition: AnyJobDefinition): DefinitionInfo {
  const { type, version, runs, description, startsOn, secrets, retention, pauseAfter, limits } =
    definition;
  return {
    type,
    version,
    ...present({ runs, description }),
    inputSchema: inputJsonSchema(definition),
    ...present({ startsOn: startsOn && toMatcher(startsOn), secrets, retention, pauseAfter }),
    ...present({ limits: limits && { ...placeLimits(limits), byKey: limits.key !== undefined } }),
  };
}

/** Calls code of the definition, such as its defaults. What cannot be described allows anything. */
function inputJsonSchema(definition: AnyJobDefinition): JsonValue {
  try {
    return recordable(toJsonSchema(definitionInputSchema(definition), OPTIONS), "schema") ?? {};
  } catch {
    return {};
  }
}

const OPTIONS: ConversionConfig = {
  errorMode: "ignore",
  target: "draft-2020-12",
  // Without a default that JSON does not have, such as Infinity.
  overrideSchema: ({ jsonSchema: { default: otherwise, ...rest } }) =>
    isRecordable(otherwise) ? undefined : rest,
};

function isRecordable(value: unknown): boolean {
  try {
    recordable(value, "default");
    return true;
  } catch {
    return false;
  }
}
