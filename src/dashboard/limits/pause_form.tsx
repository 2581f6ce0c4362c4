/** The form that begins a pause, and what it does. */

import { beginPause } from "../../documents/pauses.ts";
import { invalidRequest } from "../../documents/refusal.ts";
import { DURATION_RULE, parseDuration } from "../../core/duration.ts";
import { scopeText } from "../../explain/pause_texts.ts";
import { originOf } from "../../http/requests/headers.ts";
import type { Route } from "../../http/route.ts";
import { actAndTell, filledField } from "../form.ts";
import { Confirm, ReasonField } from "../parts/action_form.tsx";
import { LIMITS_PATH } from "../parts/links.tsx";

const PATH = "/ui/pauses";

export function PauseForm({ types }: { readonly types: readonly string[] }) {
  return (
    <Confirm
      id="begin-pause"
      action={PATH}
      label="Pause jobs"
      warning="Jobs that match start no attempts until the pause ends; if you choose nothing, this means all jobs. Running attempts finish first, and events still count."
      returnTo={LIMITS_PATH}
    >
      <label class="field">
        Of type
        <select name="type">
          <option value="">any</option>
          {[...new Set(types)].map((type) => <option value={type}>{type}</option>)}
        </select>
      </label>
      <label class="field">
        With label
        <input
          type="text"
          name="label"
          placeholder="name:value"
          pattern="[^:]+:.*"
          autocomplete="off"
        />
      </label>
      <label class="field">
        With key
        <input type="text" name="key" placeholder="the key of its limits" autocomplete="off" />
      </label>
      <label class="field">
        For
        <input
          type="text"
          name="for"
          placeholder="such as 30m; blank: until someone ends it"
          autocomplete="off"
        />
      </label>
      <ReasonField required />
    </Confirm>
  );
}

export const BEGIN_PAUSE_ROUTE: Route = {
  method: "POST",
  path: PATH,
  scope: "operate",
  handle: (c, deps) =>
    actAndTell(c, deps, async (form) => {
      const body = bodyOf(form, deps.clock.now());
      const { pause, isNew } = await beginPause(body, deps, originOf(c, deps.spans));
      return `${isNew ? "Paused" : "Paused already"}: ${scopeText(pause)}.`;
    }),
};

function bodyOf(form: URLSearchParams, now: number) {
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
