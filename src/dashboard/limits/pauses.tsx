/**
 * The pauses in force: since when, by whom, which jobs wait; and the forms that begin one, and end
 * each.
 */

import { Needs } from "../parts/viewing.tsx";
import { beginPause, endPause } from "../../documents/controls.ts";
import { isOfEverything } from "../../core/pauses.ts";
import type { HeldPause } from "../../explain/statements/queue_facts.ts";
import { capital, scopeText } from "../../explain/words/phrases.ts";
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
import { counted } from "../../core/counted.ts";
import { JobLink, LIMITS_PATH } from "../parts/links.tsx";
import { EntryLink } from "../parts/entries.tsx";
import { UserText } from "../parts/text.tsx";
import { Time } from "../parts/amounts.tsx";
import { present } from "../../core/json.ts";
import { TypeField } from "./change_form.tsx";

const LENGTH_MAX = 200;
const CAUSES_MAX = 5;

interface PausesSectionProps {
  readonly pauses: readonly HeldPause[];
  readonly returnTo: string;
  /** The text if nothing is paused. */
  readonly whenNone?: string;
  /** The others are only counted. */
  readonly max?: number;
}

export function PausesSection({ pauses, whenNone, max, ...props }: PausesSectionProps) {
  const shown = [
    ...pauses.filter(isOfEverything),
    ...pauses.filter((pause) => !isOfEverything(pause)),
  ].slice(0, max);
  const more = pauses.length - shown.length;
  return (
    <div id="pauses" class="stack" data-live>
      {shown.map((pause) => <PauseNote pause={pause} {...props} />)}
      {more !== 0 && <a href={`${LIMITS_PATH}#pauses-heading`}>{counted(more, "more pause")}</a>}
      {pauses.length <= 0 && whenNone !== undefined && <p class="soft">{whenNone}</p>}
    </div>
  );
}

type PauseNoteProps = Omit<PausesSectionProps, "pauses" | "whenNone" | "max"> & {
  readonly pause: HeldPause;
};

function PauseNote({ pause, returnTo }: PauseNoteProps) {
  const { pauseId, reason, since, until, actor } = pause;
  return (
    <div class="note note-bad stack">
      <p>
        <strong>
          <UserText text={capital(scopeText(pause))} lengthMax={LENGTH_MAX} /> has been paused
        </strong>{" "}
        since <Time at={since} ago />
        {actor !== undefined && (
          <>
            {" "}by <UserText text={actor} lengthMax={LENGTH_MAX} />
          </>
        )}
        {until !== undefined && (
          <>
            , until <Time at={until} ago />
          </>
        )}
        : <UserText text={reason} lengthMax={LENGTH_MAX} />
        <Causes pause={pause} />.{" "}
        {isOfEverything(pause) ? "Nothing starts" : "Its jobs start nothing"}, events still count,
        and {waitText(pause)}
        <FirstJobs pause={pause} />.
      </p>
      <Needs scope="operate" what="ending a pause">
        <EndPause pause={pause} returnTo={returnTo} id={`end-${pauseId}`} />
      </Needs>
    </div>
  );
}

function waitText({ jobs }: HeldPause): string {
  return jobs === 0
    ? "no job is waiting for its end"
    : `${counted(jobs, "job")} ${jobs === 1 ? "waits" : "wait"} for its end`;
}

/** The failures that caused an automatic pause, with links to the latest. */
function Causes({ pause: { failures = [] } }: { readonly pause: HeldPause }) {
  if (failures.length === 0) return null;
  return (
    <>
      {" ("}
      {failures.length > CAUSES_MAX && "the latest: "}
      {failures.slice(-CAUSES_MAX).map((logId, index) => (
        <>
          {index !== 0 && ", "}
          <EntryLink logId={logId} title="a failed attempt" />
        </>
      ))}
      {")"}
    </>
  );
}

/** `: a, b and 17 more`, with links. */
function FirstJobs({ pause: { jobs, firstJobs } }: { readonly pause: HeldPause }) {
  const more = jobs - firstJobs.length;
  return (
    <>
      {firstJobs.map((jobId, index) => (
        <>
          {index === 0 ? ": " : " "}
          <span class="unbroken">
            <JobLink jobId={jobId} />
            {index < firstJobs.length - 1 && ","}
          </span>
        </>
      ))}
      {more > 0 && firstJobs.length > 0 && ` and ${more} more`}
    </>
  );
}

interface EndPauseProps {
  readonly pause: Pick<HeldPause, "pauseId">;
  /** The id of the element on its page. */
  readonly id: string;
  readonly returnTo: string;
}

/** The button that ends a pause. It asks for confirmation, since many jobs may start. */
export function EndPause({ pause: { pauseId }, id, returnTo }: EndPauseProps) {
  return (
    <Confirm
      id={id}
      action={`/ui/pauses/${encodeURIComponent(pauseId)}/end`}
      label="End the pause"
      warning="Every job that it holds starts as workers become free."
      returnTo={returnTo}
    />
  );
}

export const END_PAUSE_ROUTE: Route = {
  method: "POST",
  path: "/ui/pauses/:id/end",
  scope: "operate",
  handle: (c, deps) =>
    carryOut(c, deps, {
      async act() {
        await endPause(c.req.param("id") ?? "", deps.engine, requestOrigin(c, deps.spans));
        return { text: "The pause has ended: the jobs it held can start." };
      },
    }),
};

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
      <TypeField types={types} none="any" form={isRefused ? refused.form : undefined} />
      <LineInput
        label="Label"
        {...fieldOf("label")}
        rules={{ placeholder: "name:value", pattern: "[^:]+:.*" }}
      />
      <LineInput
        label="Key"
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
    carryOut(c, deps, {
      async act(form) {
        const body = pauseBody(form, deps.clock.now());
        const { pause, isNew } = await beginPause(body, deps, requestOrigin(c, deps.spans));
        return { text: `${isNew ? "Paused" : "Already paused"}: ${scopeText(pause)}.` };
      },
      again: (form, problem) => showLimits(c, deps, { id: ID, form, problem }),
    }),
});

function pauseBody(form: URLSearchParams, now: number) {
  const forMs = durationField(form, "for", "/for");
  return present({
    type: filledField(form, "type"),
    label: filledField(form, "label")?.trim(),
    key: filledField(form, "key"),
    reason: filledField(form, "reason"),
    until: forMs === undefined ? undefined : new Date(now + forMs).toISOString(),
  });
}
