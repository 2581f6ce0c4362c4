/**
 * Circuit breakers: pause types whose attempts fail too often, by the rule of their definition.
 * Only failures on record count. So if this process is killed before the pause is on record, the
 * next one reaches the same decision.
 */

import { newId } from "../../core/ids.ts";
import { ruleText, trippedBy } from "../../core/pause_rule.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import type { Clock, Random } from "../ports.ts";
import type { RecentFailures } from "../writer/recent_failures.ts";
import type { Writer } from "../writer/writer.ts";
import type { DiskRetries } from "./disk_retries.ts";

interface BreakersParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: DefinitionRegistry;
  readonly failures: RecentFailures;
  readonly writer: Writer;
  readonly diskRetries: DiskRetries;
  readonly onDefect: (error: unknown) => void;
}

export class Breakers {
  /** Types whose pause is being written. */
  readonly #tripping = new Set<string>();

  constructor(private readonly parts: BreakersParts) {}

  /** Checks all types when the engine starts. */
  start(): void {
    this.consider(this.parts.registry.types);
  }

  /** Pauses each type that has tripped the rule of its newest version. */
  consider(types: Iterable<string>): void {
    const { diskRetries, onDefect } = this.parts;
    for (const type of types) {
      if (this.#tripping.has(type) || this.#trip(type) === undefined) continue;
      this.#tripping.add(type);
      diskRetries.record(() => this.#record(type))
        .finally(() => this.#tripping.delete(type)).catch(onDefect);
    }
  }

  #trip(type: string) {
    const { registry, failures, clock } = this.parts;
    const rule = registry.get(type)?.pauseAfter;
    const tripped = rule && trippedBy(rule, failures.of(type), clock.now());
    return tripped && { rule, ...tripped };
  }

  /** Decides again each time: after a full disk the rule may no longer be tripped. */
  async #record(type: string): Promise<void> {
    const trip = this.#trip(type);
    if (trip === undefined) return;
    const { random, writer } = this.parts;
    const { rule, failures, untilMs } = trip;
    const positions = failures.map(({ logId }) => logId);
    await writer.recorded([{
      stratum: "framework",
      eventType: "job.PauseBegan",
      causedBy: Math.max(...positions),
      attributes: {
        pauseId: newId.pause(random.ulid()),
        type,
        reason: ruleText(rule),
        until: new Date(untilMs).toISOString(),
        failures: positions,
      },
    }], "vital");
  }
}
