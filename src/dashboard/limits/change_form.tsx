/** The forms that replace the limits of the code, and that restore them. */

import { changeLimits, restoreLimits } from "../../documents/limits.ts";
import type { Child } from "hono/jsx";
import { durationText, parseDuration } from "../../core/duration.ts";
import { limitsText, type PlaceLimits } from "../../core/place_limits.ts";
import { PLACES_MAX, RATE_COUNT_MAX } from "../../engine/limits.ts";
import type { LimitedType } from "../../engine/requests.ts";
import { originOf } from "../../http/requests/headers.ts";
import type { Route } from "../../http/route.ts";
import { actAndTell, filledField } from "../form.ts";
import { Confirm, ReasonField } from "../parts/action_form.tsx";
import { LIMITS_PATH } from "../parts/links.tsx";

const WARNING = "These replace all limits of the type: an empty field is no limit. Jobs at work " +
  "stay at work. The change survives restarts, until the limits of the code are restored.";

/** Of a type that has limits: filled in with those in force. */
export function ChangeForm({ one: { type, limits, byKey } }: { readonly one: LimitedType }) {
  return (
    <Confirm
      id={`change-${type}`}
      action={LIMITS_PATH}
      label="Change the limits"
      warning={WARNING}
      fields={{ type }}
      returnTo={LIMITS_PATH}
    >
      <LimitFields limits={limits} byKey={byKey} />
    </Confirm>
  );
}

/** Of a type that has none; nothing where all have some. */
export function LimitType({ types }: { readonly types: readonly string[] }) {
  if (types.length === 0) return null;
  return (
    <Confirm
      id="limit-type"
      action={LIMITS_PATH}
      label="Limit a type"
      warning={WARNING}
      returnTo={LIMITS_PATH}
    >
      <label class="field">
        Of type
        <select name="type" required>
          {types.map((type) => <option value={type}>{type}</option>)}
        </select>
      </label>
      <LimitFields limits={{}} byKey={false} />
    </Confirm>
  );
}

interface LimitFieldsProps {
  readonly limits: PlaceLimits;
  /** Whether jobs of the type can be told apart by a key. */
  readonly byKey: boolean;
}

function LimitFields({ limits: { maxRunning, perKey, rate }, byKey }: LimitFieldsProps) {
  return (
    <>
      <NumberField name="maxRunning" max={PLACES_MAX} value={maxRunning}>
        At work, at most
      </NumberField>
      {byKey
        ? (
          <NumberField name="perKey" max={PLACES_MAX} value={perKey}>
            At work of one key
          </NumberField>
        )
        : null}
      <NumberField name="count" max={RATE_COUNT_MAX} value={rate?.count}>
        Begin, at most
      </NumberField>
      <label class="field">
        Within
        <input
          type="text"
          name="perMs"
          value={rate === undefined ? undefined : exactDuration(rate.perMs)}
          placeholder="1m"
          autocomplete="off"
        />
      </label>
      <ReasonField required />
    </>
  );
}

interface NumberFieldProps {
  readonly name: string;
  readonly max: number;
  readonly value: number | undefined;
  /** Its label. */
  readonly children: Child;
}

function NumberField({ name, max, value, children }: NumberFieldProps) {
  return (
    <label class="field">
      {children}
      <input
        type="number"
        name={name}
        min={1}
        max={max}
        value={value}
        placeholder="any"
        autocomplete="off"
      />
    </label>
  );
}

/** As people write it, where that is all of it. */
function exactDuration(ms: number): string {
  const text = durationText(ms);
  return parseDuration(text) === ms ? text : `${ms}ms`;
}

export function RestoreForm({ one: { type, code } }: { readonly one: LimitedType }) {
  return (
    <Confirm
      id={`restore-${type}`}
      action={`${LIMITS_PATH}/${encodeURIComponent(type)}/restore`}
      label="Restore the limits"
      warning={`The limits of the code are in force again: ${limitsText(code)}.`}
      returnTo={LIMITS_PATH}
    />
  );
}

export const CHANGE_LIMITS_ROUTE: Route = {
  method: "POST",
  path: LIMITS_PATH,
  scope: "operate",
  handle: (c, deps) =>
    actAndTell(c, deps, async (form) => {
      const type = filledField(form, "type") ?? "";
      const origin = originOf(c, deps.spans);
      const { limits } = await changeLimits(type, bodyOf(form), deps.engine, origin);
      return `The limits of ${type} are changed: ${limitsText(limits)}.`;
    }),
};

export const RESTORE_LIMITS_ROUTE: Route = {
  method: "POST",
  path: `${LIMITS_PATH}/:type/restore`,
  scope: "operate",
  handle: (c, deps) =>
    actAndTell(c, deps, async () => {
      const type = c.req.param("type") ?? "";
      const origin = originOf(c, deps.spans);
      const { limits } = await restoreLimits(type, deps.engine, origin);
      return `The limits of the code are in force again for ${type}: ${limitsText(limits)}.`;
    }),
};

/** As `PUT /limits/:type` takes it; what is no number is refused there. */
function bodyOf(form: URLSearchParams): object {
  const number = (name: string) => {
    const text = filledField(form, name);
    return text === undefined ? {} : { [name]: Number(text) };
  };
  const within = filledField(form, "perMs");
  const rate = {
    ...number("count"),
    ...(within === undefined ? {} : { perMs: parseDuration(within.trim()) }),
  };
  const reason = filledField(form, "reason");
  return {
    ...number("maxRunning"),
    ...number("perKey"),
    ...(Object.keys(rate).length === 0 ? {} : { rate }),
    ...(reason === undefined ? {} : { reason }),
  };
}
