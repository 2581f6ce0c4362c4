/** The form that begins a pause, and its handler. */

import { beginPause } from "../../documents/pauses.ts";
import { invalidRequest } from "../../documents/refusal.ts";
import { DURATION_RULE, parseDuration } from "../../core/duration.ts";
import { scopeText } from "../../explain/pause_texts.ts";
import { requestOrigin } from "../../http/requests/headers.ts";
import type { Route } from "../../http/route.ts";
import { actOrRedisplay, filledField } from "../form.ts";
import { Confirm, ReasonField } from "../parts/action_form.tsx";
import { LineInput } from "../parts/labelled_input.tsx";
import { LIMITS_PATH } from "../parts/links.tsx";
import {
  type RedisplayForm,
  refusedFields,
  type RefusedForm,
  RefusedNote,
} from "./refused_form.tsx";

const PATH = "/ui/pauses";

const ID = "begin-pause";

interface PauseFormProps {
  readonly types: readonly string[];
  /** The refused form, if any, which is shown again as filled in. */
  readonly refused: RefusedForm | undefined;
}

export function PauseForm({ types, refused }: PauseFormProps) {
  const isRefused = refused?.id === ID;
  const fieldOf = refusedFields(ID, refused);
  return (
    <Confirm
      id={ID}
      action={PATH}
      label="Pause jobs"
      warning="Matching jobs start no attempts until the pause ends; if you choose nothing, all jobs match. Running attempts finish, and events still count."
      returnTo={LIMITS_PATH}
      isOpen={isRefused}
    >
      <RefusedNote id={ID} refused={refused} inputs={["/label", "/key", "/for", "/reason"]} />
      <label class="field">
        Of type
        <select name="type">
          <option value="">any</option>
          {[...new Set(types)].map((type) => (
            <option value={type} selected={isRefused && refused.form.get("type") === type}>
              {type}
            </option>
          ))}
        </select>
      </label>
      <LineInput
        label="With label"
        {...fieldOf("label")}
        rules={{ placeholder: "name:value", pattern: "[^:]+:.*" }}
      />
      <LineInput
        label="With key"
        {...fieldOf("key")}
        rules={{ placeholder: "the key of its limits" }}
      />
      <LineInput
        label="For"
        {...fieldOf("for")}
        rules={{ placeholder: "such as 30m; if blank, until someone ends it" }}
      />
      <ReasonField {...fieldOf("reason")} required />
    </Confirm>
  );
}

/** @param showLimits Shows the screen with the form. */
export const beginPauseRoute = (showLimits: RedisplayForm): Route => ({
  method: "POST",
  path: PATH,
  scope: "operate",
  handle: (c, deps) =>
    actOrRedisplay(c, deps, async (form) => {
      const body = pauseBody(form, deps.clock.now());
      const { pause, isNew } = await beginPause(body, deps, requestOrigin(c, deps.spans));
      return `${isNew ? "Paused" : "Already paused"}: ${scopeText(pause)}.`;
    }, (form, problem) => showLimits(c, deps, { id: ID, form, problem })),
});

function pauseBody(form: URLSearchParams, now: number) {
  const length = filledField(form, "for");
  const forMs = length === undefined ? undefined : parseDuration(length.trim());
  if (Number.isNaN(forMs)) {
    throw invalidRequest([{ pointer: "/for", detail: `must be ${DURATION_RULE}` }]);
  }
  const fields = {
    type: filledField(form, "type"),
    label: filledField(form, "label")?.trim(),
    key: filledField(form, "key"),
    reason: filledField(form, "reason"),
    until: forMs === undefined ? undefined : new Date(now + forMs).toISOString(),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
