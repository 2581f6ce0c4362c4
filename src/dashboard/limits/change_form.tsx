/** The forms that replace the limits of the code, and that restore them. */

import { changeLimits, restoreLimits } from "../../documents/controls.ts";
import { present } from "../../core/json.ts";
import { durationText, parseDuration } from "../../core/duration.ts";
import { limitsText, type LimitValues } from "../../core/place_limits.ts";
import { PLACES_MAX, RATE_COUNT_MAX } from "../../engine/definition_limits.ts";
import type { TypeLimits } from "../../engine/requests.ts";
import { requestOrigin } from "../../http/requests/request.ts";
import type { Route } from "../../http/routing/route.ts";
import {
  carryOut,
  durationField,
  filledField,
  type RedisplayForm,
  refusedFields,
  type RefusedForm,
  RefusedNote,
} from "../form.tsx";
import { Confirm, LineInput, ReasonField } from "../parts/forms.tsx";
import { LIMITS_PATH } from "../parts/links.tsx";

const WARNING =
  "These replace all limits of the type; an empty field means no limit. Running jobs " +
  "are not affected. The change survives restarts, until the limits of the code are restored.";

interface FormProps {
  /** The refused form, if any, which is shown again as filled in. */
  readonly refused: RefusedForm | undefined;
}

/** The form for a type with limits, filled in with those in force. */
export function ChangeForm({ one, refused }: FormProps & { readonly one: TypeLimits }) {
  const { type, limits, byKey } = one;
  const id = changeFormId(type);
  return (
    <Confirm
      id={id}
      action={LIMITS_PATH}
      label="Change the limits"
      warning={WARNING}
      fields={{ type }}
      returnTo={LIMITS_PATH}
      isOpen={refused?.id === id}
    >
      <LimitFields id={id} limits={limits} byKey={byKey} refused={refused} />
    </Confirm>
  );
}

/** The form for types without limits; nothing if all types have limits. */
export function LimitType({ types, refused }: FormProps & { readonly types: readonly string[] }) {
  const isRefused = refused?.id === LIMIT_TYPE;
  if (types.length === 0) {
    return isRefused ? <RefusedNote id={LIMIT_TYPE} refused={refused} inputs={[]} /> : null;
  }
  return (
    <Confirm
      id={LIMIT_TYPE}
      action={LIMITS_PATH}
      label="Limit a type"
      warning={WARNING}
      returnTo={LIMITS_PATH}
      isOpen={isRefused}
    >
      {/* Nothing is chosen first: an update of the page could make it another type. */}
      <TypeField
        types={types}
        none="choose one"
        form={isRefused ? refused.form : undefined}
        required
      />
      <LimitFields id={LIMIT_TYPE} limits={{}} byKey={false} refused={refused} />
    </Confirm>
  );
}

interface TypeFieldProps {
  readonly types: readonly string[];
  /** The text if no type is chosen. */
  readonly none: string;
  readonly required?: boolean;
  /** What was typed, if the form is shown again. */
  readonly form: URLSearchParams | undefined;
}

export function TypeField({ types, none, required = false, form }: TypeFieldProps) {
  return (
    <label class="field">
      Type
      <select name="type" required={required}>
        <option value="">{none}</option>
        {types.map((type) => (
          <option value={type} selected={form?.get("type") === type}>{type}</option>
        ))}
      </select>
    </label>
  );
}

const LIMIT_TYPE = "limit-type";

function changeFormId(type: string): string {
  return `change-${type}`;
}

interface LimitFieldsProps extends FormProps {
  readonly id: string;
  readonly limits: LimitValues;
  /** Whether jobs of the type have keys. */
  readonly byKey: boolean;
}

function LimitFields(
  { id, limits: { maxRunning, perKey, rate }, byKey, refused }: LimitFieldsProps,
) {
  const fieldOf = refusedFields(id, refused);
  const places = numberUpTo(PLACES_MAX);
  const fields = [
    { name: "maxRunning", label: "Maximum running", inForce: maxRunning, rules: places },
    ...byKey
      ? [{ name: "perKey", label: "Maximum running per key", inForce: perKey, rules: places }]
      : [],
    {
      name: "count",
      at: "/rate/count",
      label: "Maximum starts",
      inForce: rate?.count,
      rules: numberUpTo(RATE_COUNT_MAX),
    },
    {
      name: "perMs",
      at: "/rate/perMs",
      label: "Within",
      inForce: rate && exactDuration(rate.perMs),
      rules: { placeholder: "1m" },
    },
  ].map(({ name, at, ...rest }) => ({ ...rest, field: fieldOf(name, at) }));
  return (
    <>
      <RefusedNote
        id={id}
        refused={refused}
        inputs={[...fields.map(({ field }) => field.at), "/reason"]}
      />
      {fields.map(({ label, inForce, rules, field }) => (
        <LineInput
          label={label}
          {...field}
          text={field.text ?? inForce?.toString()}
          rules={rules}
        />
      ))}
      <ReasonField {...fieldOf("reason")} required />
    </>
  );
}

function numberUpTo(max: number) {
  return { type: "number", min: 1, max, placeholder: "any" };
}

/** As people write it, if that is exact. */
function exactDuration(ms: number): string {
  const text = durationText(ms);
  return parseDuration(text) === ms ? text : `${ms}ms`;
}

export function RestoreForm({ one: { type, code } }: { readonly one: TypeLimits }) {
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

/** @param showLimits Shows the screen with the form. */
export const changeLimitsRoute = (showLimits: RedisplayForm): Route => ({
  method: "POST",
  path: LIMITS_PATH,
  scope: "operate",
  handle: (c, deps) =>
    carryOut(c, deps, {
      async act(form) {
        const type = filledField(form, "type") ?? "";
        const origin = requestOrigin(c, deps.spans);
        const { limits } = await changeLimits(type, limitsBody(form), deps.engine, origin);
        return { text: `The limits of ${type} are changed: ${limitsText(limits)}.` };
      },
      again(form, problem) {
        const type = filledField(form, "type") ?? "";
        const isLimited = deps.engine.limits.all.some((one) => one.type === type);
        const isLoaded = deps.engine.definitions().some((one) => one.type === type);
        const id = isLimited && isLoaded ? changeFormId(type) : LIMIT_TYPE;
        return showLimits(c, deps, { id, form, problem });
      },
    }),
});

export const RESTORE_LIMITS_ROUTE: Route = {
  method: "POST",
  path: `${LIMITS_PATH}/:type/restore`,
  scope: "operate",
  handle: (c, deps) =>
    carryOut(c, deps, {
      async act() {
        const type = c.req.param("type") ?? "";
        const origin = requestOrigin(c, deps.spans);
        const { limits } = await restoreLimits(type, deps.engine, origin);
        const text = `The limits of the code are in force again for ${type}: ${
          limitsText(limits)
        }.`;
        return { text };
      },
    }),
};

/** The body for `PUT /limits/:type`, which refuses text that is not a number. */
function limitsBody(form: URLSearchParams): object {
  const number = (name: string) => {
    const text = filledField(form, name);
    return text === undefined ? undefined : Number(text);
  };
  const rate = present({
    count: number("count"),
    perMs: durationField(form, "perMs", "/rate/perMs"),
  });
  return present({
    maxRunning: number("maxRunning"),
    perKey: number("perKey"),
    rate: Object.keys(rate).length === 0 ? undefined : rate,
    reason: filledField(form, "reason"),
  });
}
