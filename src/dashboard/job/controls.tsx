/** The controls that a job accepts in its current state, as forms, and what carries these out. */

import type { Context } from "hono";
import { Needs } from "../parts/viewing.tsx";
import {
  CONTROL_NAMES,
  type ControlName,
  CONTROLS,
  isLegal as isLegalByItself,
  type StateControl,
} from "../../core/controls.ts";
import type { JobState } from "../../core/job_state.ts";
import { type JsonObject, present } from "../../core/json.ts";
import { controlled } from "../../documents/controls.ts";
import { jobPath } from "../../documents/jobs.ts";
import { sizeFor } from "../../http/capacity/admission_gate.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { requestOrigin } from "../../http/requests/request.ts";
import type { Route } from "../../http/routing/route.ts";
import { jobIdParameter } from "../../http/routes/jobs.ts";
import { carryOut, filledField } from "../form.tsx";
import { reusableTasks } from "../../core/decide.ts";
import type { Action } from "../../explain/statements/explanation.ts";
import { MAIN_TASK } from "../../core/ids.ts";
import { cutShort, tasksLeftInPlace } from "../../core/left_in_place.ts";
import { ActionForm, Confirm, ReasonField } from "../parts/forms.tsx";
import { counted } from "../../core/counted.ts";
import { shortText } from "../../core/shown_value.ts";
import type { Call } from "../parts/curl.tsx";
import { jobPagePath, JOBS_PATH } from "../parts/links.tsx";
import type { JobProps, JobScreenState } from "./reading.ts";

/** `leave` is a cancellation that undoes nothing. */
const OFFERED = [...CONTROL_NAMES, "leave"] as const;
type Control = ControlName | "leave";

const JOB_PATH = /^\/jobs\/([^/]+)\//;

/** The job that a request controls. */
export function controlledJob(action: Action | undefined): string | undefined {
  return JOB_PATH.exec(action?.path ?? "")?.[1];
}

/** The control that corresponds to a request to the API. */
export function toControl({ path, body }: Action): Control | undefined {
  if (body?.["leave"] === true) return "leave";
  return CONTROL_NAMES.find((control) => path.endsWith(`/${control}`));
}

/** Whether the job accepts the control in its current state. */
export function isLegal({ job, outlined }: JobScreenState, control: Control): boolean {
  if (control === "retry" && outlined.inputRemoved !== undefined) return false;
  return control === "leave" ? isLegalByItself(job, "cancel", true) : isLegalByItself(job, control);
}

export function JobControls({ state }: JobProps) {
  const legal = OFFERED.filter((control) => isLegal(state, control));
  return (
    <section id="job-controls" class="row job-controls" aria-label="Controls" data-live>
      <Needs scope="operate" what="controlling jobs">
        {legal.map((control) => <ControlForm state={state} control={control} />)}
        {legal.length === 0 && <p class="hint">{nothingText(state)}</p>}
      </Needs>
    </section>
  );
}

export function controlCalls(state: JobScreenState): readonly Call[] {
  return OFFERED.filter((control) => isLegal(state, control)).map((control) => ({
    label: labelOf(control),
    command: controlCurl(state, jobPath(state.job.jobId), control),
  }));
}

function controlCurl({ curl, outlined }: JobScreenState, path: string, control: Control): string {
  if (control === "leave") return curl.post(`${path}/cancel`, { leave: true });
  const isAgain = control === "retry" && outlined.retries.length > 0;
  return curl.post(`${path}/${control}`, isAgain ? { again: true } : undefined);
}

function nothingText({ job, outlined }: JobScreenState): string {
  if (job.state === "Done") return "The job is done: no control applies to it any more.";
  if (outlined.inputRemoved !== undefined) {
    return "The job cannot be retried: its input was removed. Submit a new job.";
  }
  return "No control applies to the job in this state.";
}

function labelOf(control: Control): string {
  return control === "leave" ? "Cancel it as it is" : CONTROLS[control].label;
}

interface ControlFormProps extends JobProps {
  readonly control: Control;
  /** Whether to leave out optional fields. */
  readonly isPlain?: boolean;
}

export function ControlForm({ state, control, isPlain = false }: ControlFormProps) {
  const place = isPlain ? "step" : "control";
  const common = {
    id: `${control}-${place}`,
    action: `${jobPagePath(state.job.jobId)}/${control === "leave" ? "cancel" : control}`,
    label: labelOf(control),
    returnTo: state.returnTo,
  };
  switch (control) {
    case "cancel":
    case "leave":
      return (
        <Confirm
          {...common}
          fields={control === "leave" ? { leave: "true" } : {}}
          warning={control === "leave" ? leaveWarning(state) : cancelWarning(state)}
        >
          <ReasonField id={`${common.id}-reason`} />
        </Confirm>
      );
    case "retry": {
      const retry = state.outlined.retries.at(-1);
      if (retry !== undefined) {
        return (
          <Confirm
            {...common}
            label="Retry once more"
            fields={{ again: "true" }}
            warning={`Job ${retry.attributes.newJobId} already retries it. Its work may be done ` +
              "twice."}
          />
        );
      }
      return isPlain
        ? <ActionForm {...common} label="Retry as a new job" />
        : <RetryForm state={state} {...common} />;
    }
    default:
      return <ActionForm {...common} />;
  }
}

function leaveWarning({ job }: JobScreenState): string {
  const names = tasksLeftInPlace(job).slice(0, NAMES_MAX).map(({ taskId }) => taskId).join(", ");
  const cut = cutShort(job).slice(0, NAMES_MAX).map(({ taskId }) => taskId).join(", ");
  const begun = cut === ""
    ? ""
    : ` Whatever these did before they were interrupted stays in place too: ${cut}.`;
  if (job.state === "Compensating") {
    return `The job ends, and nothing more is undone. The effects of these stay in place: ${
      names || "none"
    }.${begun}`;
  }
  if (names !== "") {
    return `The job ends as cancelled, and nothing is undone. The effects of these stay in place: ${names}.${begun}`;
  }
  return begun === ""
    ? "The job ends as cancelled; there is nothing to undo."
    : `The job ends as cancelled, and nothing is undone.${begun}`;
}

const NAMES_MAX = 20;

function cancelWarning({ job }: JobScreenState): string {
  const undone =
    job.tasks.filter(({ status, compensable }) => compensable && status === "completed").length;
  if (undone === 0) {
    return "The job ends as cancelled, and later events no longer count. It can be retried as a " +
      "new job.";
  }
  const tasks = counted(undone, "completed task");
  if (job.parked !== undefined && job.parked.reason !== "crashed") {
    return `The job stops. What ${tasks} did stays until matching code is loaded, and is then ` +
      "undone.";
  }
  // A suspended job starts nothing, so it does not compensate either.
  return "suspendedBy" in job && job.suspendedBy !== undefined
    ? `The job stops. What ${tasks} did stays until the job is resumed, and is then undone.`
    : `The job stops, and what ${tasks} did is undone. It can be retried as a new job.`;
}

const TASKS_MAX = 200;
const NAME_LENGTH_MAX = 32;

function RetryForm({ state, ...form }: JobProps & Parameters<typeof ActionForm>[0]) {
  const { job } = state;
  const tasks = job.tasks.filter(({ taskId }) => taskId !== MAIN_TASK).slice(0, TASKS_MAX);
  if (tasks.length === 0) return <ActionForm {...form} label="Retry as a new job" />;
  return (
    <ActionForm {...form} label="Retry as a new job">
      <label class="field field-inline">
        <span>Retry from</span>
        <select name="from">
          <option value="">{startText(job)}</option>
          {tasks.map(({ taskId }) => (
            <option value={taskId}>{`task ${shortText(taskId, NAME_LENGTH_MAX)}`}</option>
          ))}
        </select>
      </label>
    </ActionForm>
  );
}

/** Where a retry without a task begins; the steps beside it show what it reuses. */
function startText(job: JobScreenState["job"]): string {
  return reusableTasks(job).length === 0 ? "the beginning" : "where it stopped";
}

/** Applies a control; to leave a job as it is, the form cancels it with `leave`. */
async function actOnJob(c: Context, deps: HttpDeps, control: ControlName): Promise<Response> {
  const jobId = jobIdParameter(c);
  return await carryOut(c, deps, {
    home: jobPagePath(jobId),
    async act(form) {
      const before = deps.engine.job(jobId);
      if (before !== undefined) await deps.admission.enter(sizeFor(before));
      const origin = requestOrigin(c, deps.spans);
      const job = await controlled(deps.engine, jobId, control, controlBody(control, form), origin);
      if (control !== "retry") return { text: doneText(control, job) };
      const from = filledField(form, "from");
      const where = from === undefined ? "" : ` from task ${from}`;
      return { path: jobPagePath(job.jobId), text: `This job retries job ${jobId}${where}.` };
    },
  });
}

/** The body that the route of the control takes, from the fields that are filled in. */
function controlBody(control: ControlName, form: URLSearchParams): JsonObject {
  const isSet = (name: string) => form.get(name) === "true" ? true : undefined;
  return control === "retry"
    ? present({ from: filledField(form, "from"), again: isSet("again") })
    : present({
      reason: filledField(form, "reason"),
      leave: control === "cancel" ? isSet("leave") : undefined,
    });
}

function doneText(control: StateControl, job: JobState): string {
  switch (control) {
    case "start":
      return "The job was started.";
    case "wake":
      return "Tasks that were backing off are tried again now; a sleep or a wait until a time has ended.";
    case "suspend":
      return "The job is suspended: running attempts finish, no new one starts, and events " +
        "still count.";
    case "resume":
      return "The job continues.";
    case "cancel":
      return cancelledText(job);
  }
}

function cancelledText(job: JobState): string {
  if (job.state !== "Compensating") return "The job was cancelled.";
  if (job.parked !== undefined) {
    return "The job was cancelled. It is parked: completed steps are undone once matching code " +
      "is loaded.";
  }
  return job.suspendedBy === undefined
    ? "The job was cancelled: completed steps are being undone."
    : "The job was cancelled. It is suspended: completed steps are undone when it is resumed.";
}

export const CONTROL_ROUTES: readonly Route[] = CONTROL_NAMES.map((control) => ({
  method: "POST",
  path: `${JOBS_PATH}/:id/${control}`,
  scope: "operate",
  handle: (c, deps) => actOnJob(c, deps, control),
}));
