/** `/ui/system/definitions/:type` and `/ui/system/plan`: forms that create a job. */

import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { valueOrThrow } from "../../documents/engine_refusal.ts";
import { Term } from "../parts/table.tsx";
import { OUTSIDE_JOB } from "../../http/routes/create_job.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { definitionPath, jobPagePath } from "../parts/links.tsx";
import { Problem } from "../../http/responses/problem.ts";
import { readQuery, refuseQuery, requestOrigin } from "../../http/requests/request.ts";
import { carryOut, formRefusal } from "../form.tsx";
import { NOTE_PARAMETER, page } from "../page.tsx";
import { schemaExample } from "../../documents/schema_example.ts";
import { toForm } from "../schema_form/field.ts";
import { type FormTexts, formTexts, textsAtFirst } from "../schema_form/form_texts.ts";
import { curlCommands } from "../parts/curl.tsx";
import {
  creationCall,
  CreationForm,
  type CreationFormProps,
  formRequest,
  redacted,
  SHOW,
  type Subject,
} from "./creation_fields.tsx";
import { DefinitionPage, UnloadedTypePage } from "./definition_page.tsx";
import type { Route } from "../../http/routing/route.ts";

export const SUBMIT_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/ui/system/definitions/:type",
    scope: "read",
    handle: showType,
  },
  {
    method: "POST",
    path: "/ui/system/definitions/:type",
    scope: "submit",
    handle: (c, deps) => create(c, deps, ofType),
  },
  {
    method: "GET",
    path: "/ui/system/plan",
    scope: "read",
    handle: (c, deps) => show(c, deps, PLAN_FORM),
  },
  {
    method: "POST",
    path: "/ui/system/plan",
    scope: "submit",
    handle: (c, deps) => create(c, deps, () => PLAN_FORM),
  },
];

const OPTIONS = { screen: "system", styles: ["system.css"] } as const;

/** A page with a form that creates a job. */
interface CreationScreen {
  readonly title: string;
  readonly path: string;
  readonly subject: Subject;
  readonly texts: FormTexts;
  readonly body: (form: CreationFormProps, deps: HttpDeps) => Child;
}

/** The page for a path. @throws {Problem} if there is none. */
type ScreenOf = (c: Context, deps: HttpDeps) => CreationScreen;

const ofType: ScreenOf = (c, deps) => typeForm(deps, c.req.param("type") ?? "");

const PLAN_FIELDS = toForm({ description: "What the job is waiting for." }, "plan");

const PLAN_FORM: CreationScreen = {
  title: "A plan",
  path: "/ui/system/plan",
  subject: { kind: "plan", form: PLAN_FIELDS },
  texts: formTexts(PLAN_FIELDS, OUTSIDE_JOB.plan),
  body: (form) => <PlanPage form={form} />,
};

/** @throws {Problem} if there is no such definition. */
function typeForm({ engine }: HttpDeps, type: string): CreationScreen {
  const definition = engine.definitions().find((one) => one.type === type);
  if (definition === undefined) {
    throw new Problem(
      "not-found",
      `Cannot show the definition ${type}: none of this type is loaded`,
    );
  }
  const fields = toForm(definition.inputSchema, "input", definition.secrets);
  return {
    title: type,
    path: definitionPath(type),
    subject: { kind: "type", type, form: fields, example: schemaExample(definition.inputSchema) },
    texts: textsAtFirst(fields),
    body: (form, deps) => {
      const [newest] = deps.engine.lists.page({ types: [type], limit: 1 }).jobs;
      return <DefinitionPage definition={definition} newest={newest} form={form} deps={deps} />;
    },
  };
}

function showType(c: Context, deps: HttpDeps): Response {
  const type = c.req.param("type") ?? "";
  const { engine } = deps;
  const isLoaded = engine.definitions().some((one) => one.type === type);
  if (isLoaded || engine.lists.count({ types: [type] }).jobs === 0) {
    return show(c, deps, typeForm(deps, type));
  }
  readQuery(c.req.raw, NOTE_PARAMETER);
  const body = <UnloadedTypePage deps={deps} type={type} />;
  return page(c, deps, { ...OPTIONS, title: type, live: "journal", body });
}

function show(c: Context, deps: HttpDeps, screen: CreationScreen): Response {
  readQuery(c.req.raw, NOTE_PARAMETER);
  return formPage(c, deps, screen, screen.texts);
}

/** Redirects to the page of the new job, or shows the form again with everything typed. */
async function create(c: Context, deps: HttpDeps, screenOf: ScreenOf): Promise<Response> {
  refuseQuery(c.req.raw);
  const { engine, clock, maxStartDelayMs, spans } = deps;
  const shown = (form: URLSearchParams, problem?: Problem) =>
    formPage(c, deps, screenOf(c, deps), new Map(form), problem);
  return await carryOut(c, deps, {
    async act(form) {
      const { subject } = screenOf(c, deps);
      if (form.has(SHOW)) return shown(form);
      const limits = { now: clock.now(), maxStartDelayMs };
      const request = formRequest(subject, new Map(form), limits);
      const created = await engine.create({ ...request, origin: requestOrigin(c, spans) });
      return { path: jobPagePath(valueOrThrow(created).job.jobId) };
    },
    again: shown,
  });
}

function formPage(
  c: Context,
  deps: HttpDeps,
  { title, path, subject, texts: atFirst, body }: CreationScreen,
  texts: FormTexts,
  problem?: Problem,
): Response {
  const form: CreationFormProps = {
    action: path,
    subject,
    texts,
    textsAtFirst: atFirst,
    refusal: problem === undefined
      ? undefined
      : formRefusal(problem, (text) => redacted(text, subject.form, texts)),
  };
  return page(c, deps, {
    ...OPTIONS,
    title,
    // A live page would reset the calls of a form that was sent.
    ...(subject.kind === "type" && texts === atFirst ? { live: "journal" } : {}),
    calls: [creationCall(form, curlCommands(c, deps))],
    showsCalls: texts.has(SHOW),
    problem,
    body: body(form, deps),
  });
}

/** A job without code: a plan that outside events satisfy. */
function PlanPage({ form }: { readonly form: CreationFormProps }) {
  return (
    <>
      <header class="stack">
        <p class="crumbs">
          <a href="/ui/system">System</a> / plan
        </p>
        <h1>A job without code</h1>
        <p class="lead">
          The job is done when outside events have satisfied every expectation of its plan.
        </p>
      </header>
      <div class="column two-columns">
        <section class="sheet" aria-labelledby="submit-heading">
          <h2 id="submit-heading">Submit a plan</h2>
          <CreationForm {...form} />
        </section>
        <section class="sheet" aria-labelledby="words-heading">
          <h2 id="words-heading">Members of a plan</h2>
          <dl class="facts">
            <Term name="expected">
              Expectations, each with an <code>id</code> and an <code>eventType</code>.
            </Term>
            <Term name="correlation">
              Which events of that type count: <code>"any"</code>,{" "}
              <code>{`{"equals": {"orderId": "42"}}`}</code>, <code>in</code>, <code>all</code>,
              {" "}
              <code>anyOf</code>, <code>not</code>.
            </Term>
            <Term name="multiplicity">
              <code>"ExactlyOnce"</code>, <code>"AtLeastOnce"</code> or{" "}
              <code>{`{"times": 3}`}</code>.
            </Term>
            <Term name="policy">
              <code>errors</code> are events that fail the job; <code>compensation</code>{" "}
              names the events that end its compensation.
            </Term>
          </dl>
          <p class="hint">
            Then <a href="/ui/system/event">send the event</a> that it waits for.
          </p>
        </section>
      </div>
    </>
  );
}
