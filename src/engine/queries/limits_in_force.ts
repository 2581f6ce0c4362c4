/** The limits of each type: those in the code, those that replace them, and their use. */

import type { ChangedLimits } from "../../core/changed_limits.ts";
import type { LimitValues } from "../../core/place_limits.ts";
import type { Origin } from "../../core/trace_ids.ts";
import { placeLimits, withoutKeyText } from "../definition_limits.ts";
import { type Outcome, type TypeLimits, unknownType } from "../requests.ts";
import type { TypeUse } from "../run/queue/shares.ts";
import type { QueryParts } from "./query_parts.ts";

/** How many keys of a type and of its rate are shown, the busiest first. */
const KEYS_MAX = 50;

export class LimitsInForce {
  constructor(private readonly parts: QueryParts) {}

  /** The limits of each type that has any, by name. */
  get all(): readonly TypeLimits[] {
    const { registry, limitChanges, shares } = this.parts;
    const use = new Map(shares.use.map((one) => [one.type, one]));
    const changed = limitChanges.all.map(({ type }) => type);
    const types = new Set([...registry.limits.map(([type]) => type), ...changed]);
    return [...types].toSorted().map((type) => this.#limited(type, use.get(type)));
  }

  #limited(type: string, use: TypeUse | undefined): TypeLimits {
    const { registry, limitChanges } = this.parts;
    const { held = 0, rates = [], keys = [] } = use ?? {};
    const change = limitChanges.get(type);
    const limits = registry.get(type)?.limits;
    const code = placeLimits(limits);
    const most = keys.toSorted((one, other) => other.held + other.waiting - one.held - one.waiting);
    return {
      type,
      limits: change?.limits ?? code,
      code,
      byKey: limits?.key !== undefined,
      ...(change === undefined ? {} : { change: toChange(change) }),
      held,
      waiting: keys.reduce((sum, { waiting }) => sum + waiting, 0),
      keys: most.slice(0, KEYS_MAX),
      moreKeys: Math.max(0, keys.length - KEYS_MAX),
      rates: rates.toSorted((one, other) => other.began - one.began).slice(0, KEYS_MAX),
      moreRates: Math.max(0, rates.length - KEYS_MAX),
    };
  }

  /** Sets limits in place of those in the code. Rejects as `Writer.recorded` does. */
  async change(
    type: string,
    limits: LimitValues,
    reason: string,
    origin?: Origin,
  ): Promise<Outcome<TypeLimits>> {
    const { registry, writer } = this.parts;
    const definition = registry.get(type);
    if (definition === undefined) return unknownType(type, registry.types);
    if (limits.perKey !== undefined && definition.limits?.key === undefined) {
      const issues = [{ pointer: "/perKey", detail: withoutKeyText(type) }];
      return { ok: false, problem: { kind: "invalidLimits", issues } };
    }
    const attributes = { type, limits, reason };
    const about = { stratum: "framework", eventType: "job.LimitsChanged" } as const;
    await writer.recorded([{ ...origin, ...about, attributes }]);
    return { ok: true, value: this.#now(type) };
  }

  /** Restores the limits in the code; `undefined` when they are in force already. */
  async restore(type: string, origin?: Origin): Promise<TypeLimits | undefined> {
    const { limitChanges, writer } = this.parts;
    if (limitChanges.get(type) === undefined) return undefined;
    const about = { stratum: "framework", eventType: "job.LimitsRestored" } as const;
    await writer.recorded([{ ...origin, ...about, attributes: { type } }]);
    return this.#now(type);
  }

  /** Works for a type without limits too: another request may have restored what was changed. */
  #now(type: string): TypeLimits {
    return this.#limited(type, this.parts.shares.use.find((one) => one.type === type));
  }
}

function toChange({ by, since, reason, actor }: ChangedLimits) {
  return { by, since, reason, ...(actor === undefined ? {} : { actor }) };
}
