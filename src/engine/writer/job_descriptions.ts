/** Builds the attributes of a new job from a request, or from the job that it retries. */

import type { JobCreatedAttributes } from "../../core/framework_events.ts";
import type { JobState } from "../../core/job_state.ts";
import { type JsonValue, type PointedIssue, present } from "../../core/json.ts";
import type { SealedInput } from "../../core/sealed_input.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import { planFor } from "../definition_plan.ts";
import { type JobKeys, limitKeys } from "../definition_limits.ts";
import { issuesText, parseInput } from "../parsed_input.ts";
import { inputProtection, type Protection, secretValues } from "../secrets/protection.ts";
import { type CreateRequest, type Outcome, unknownType } from "../requests.ts";
import { secretGuard, visibleAt } from "../secrets/sealing.ts";
import type { SecretGuard } from "../secrets/secret_guard.ts";

/** What to record, and which parts of it must not be in plaintext. */
interface JobDescription {
  readonly attributes: JobCreatedAttributes;
  readonly protection: Protection | undefined;
}

interface FromDefinition {
  readonly attributes: Pick<JobCreatedAttributes, "type" | "definitionVersion" | "plan" | "input">;
  /** Recorded after the common attributes, so that a line keeps its order when it is read back. */
  readonly keys: JobKeys;
}

export class JobDescriptions {
  constructor(private readonly registry: DefinitionRegistry) {}

  of(request: CreateRequest): Outcome<JobDescription> {
    if ("plan" in request) return described(withCommon({ plan: request.plan }, request), undefined);
    const code = this.#code(request.type, request.input);
    if (!code.ok) return code;
    const { attributes, keys } = code.value;
    const whole = Object.assign(withCommon(attributes, request), keys);
    return described(whole, this.#protectionOf(request.type));
  }

  /**
   * A retry of a job, as its current definition describes it.
   *
   * @param input In plaintext.
   */
  ofRetry(job: JobState, input: JsonValue | undefined): JobDescription {
    const code = job.type === undefined ? undefined : this.#code(job.type, input);
    const { type, definitionVersion, plan, priority, labels, key, rateKey } = job;
    const described = code?.ok ? code.value : undefined;
    const attributes = {
      ...present({ type, definitionVersion }),
      plan,
      ...present({ input }),
      ...described?.attributes,
      ...{ priority, labels, ...present({ key, rateKey }) },
      ...described?.keys,
    };
    return { attributes, protection: retriedProtection(this.#protectionOf(job.type), job.sealed) };
  }

  /** Whether a new job of this type could run. */
  canRun(type: string): boolean {
    return this.registry.get(type) !== undefined;
  }

  /** Why the current definition cannot describe a retry: it does not take the input. */
  inputRefusal(job: JobState): string | undefined {
    const code = job.type === undefined ? undefined : this.#code(job.type, job.input);
    if (code === undefined || code.ok || code.problem.kind !== "invalidInput") return undefined;
    return issuesText(code.problem.issues);
  }

  #protectionOf(type: string | undefined): Protection | undefined {
    const definition = this.registry.get(type);
    return definition && inputProtection(definition);
  }

  #code(type: string, input: JsonValue | undefined): Outcome<FromDefinition> {
    const definition = this.registry.get(type);
    if (definition === undefined) return unknownType(type, this.registry.types);
    const { secrets = [] } = definition;
    const guard = secretGuard(input, secrets);
    let step = "check";
    try {
      const parsed = parseInput(definition, input);
      if (!parsed.ok) return invalidInput(parsed.issues, guard);
      guard.watch(secretValues(parsed.value, secrets));
      step = "make a plan from";
      const plan = planFor(definition, parsed.value);
      const pointer = guard.pointerIn({ plan });
      if (pointer !== undefined) return visibleAt(pointer);
      step = "make a key from";
      const keys = limitKeys(definition, parsed.value, guard);
      const code = { type, definitionVersion: definition.version, plan };
      return {
        ok: true,
        value: { attributes: input === undefined ? code : { ...code, input }, keys },
      };
    } catch (error) {
      const detail = `${type} cannot ${step} the input: ${guard.factOf(error).message}`;
      return invalidInput([{ pointer: "", detail }], guard);
    }
  }
}

/** Adds what a request may say of any job. */
function withCommon(
  attributes: FromDefinition["attributes"],
  { priority, labels, startAt, idempotency }: CreateRequest,
): JobCreatedAttributes {
  return {
    ...attributes,
    priority: priority ?? 0,
    labels: labels ?? {},
    ...(startAt === undefined ? undefined : { startAt }),
    ...(idempotency === undefined ? undefined : { idempotency }),
  };
}

function described(
  attributes: JobCreatedAttributes,
  protection: Protection | undefined,
): Outcome<JobDescription> {
  return { ok: true, value: { attributes, protection } };
}

/** Redacts the issues, since a schema or a plan may quote the value that it refuses. */
function invalidInput(issues: readonly PointedIssue[], guard: SecretGuard): Outcome<never> {
  const clean = issues.map(({ pointer, detail }) => ({
    pointer: guard.redact(pointer),
    detail: guard.redact(detail),
  }));
  return { ok: false, problem: { kind: "invalidInput", issues: clean } };
}

/** Sealed parts stay sealed, even if the definition now protects less or was removed. */
function retriedProtection(
  today: Protection | undefined,
  recorded: SealedInput | undefined,
): Protection | undefined {
  if (recorded === undefined) return today;
  const { secrets = [], retention = "keep" } = today ?? {};
  return {
    secrets: [...new Set([...recorded.secrets, ...secrets])],
    retention: retention === "keep" ? recorded.retention : retention,
  };
}
