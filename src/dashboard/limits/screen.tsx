/** `/ui/limits`: limits of job types with their use, pauses, and the forms that change them. */

import type { Context } from "hono";
import { Needs } from "../parts/viewing.tsx";
import type { HttpDeps } from "../../http/http_deps.ts";
import { requestViewer } from "../../http/guard/viewer.ts";
import { readQuery } from "../../http/requests/request.ts";
import type { Route } from "../../http/route.ts";
import { page } from "../page.tsx";
import { curlCommands } from "../parts/curl.tsx";
import { LIMITS_PATH } from "../parts/links.tsx";
import { NOTE_PARAMETER, NoteLine } from "../notes.tsx";
import { changeLimitsRoute, LimitType, RESTORE_LIMITS_ROUTE } from "./change_form.tsx";
import { LimitedTypes } from "./limited_types.tsx";
import { beginPauseRoute, END_PAUSE_ROUTE, PauseForm, PausesSection } from "./pauses.tsx";
import type { RefusedForm } from "../form.tsx";

export const LIMITS_SCREEN_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: LIMITS_PATH,
    by: "leader",
    scope: "read",
    handle: (c, deps) => showLimits(c, deps),
  },
  changeLimitsRoute(showLimits),
  RESTORE_LIMITS_ROUTE,
  beginPauseRoute(showLimits),
  END_PAUSE_ROUTE,
];

function showLimits(c: Context, deps: HttpDeps, refused?: RefusedForm): Response {
  readQuery(c.req.raw, NOTE_PARAMETER);
  const { engine } = deps;
  const mayOperate = requestViewer(c).scopes.includes("operate");
  const [limits, pauses] = [engine.limits.all, engine.pauses.all()];
  const types = [...new Set(engine.definitions().map(({ type }) => type))];
  const commands = curlCommands(c, deps);
  const ending = mayOperate
    ? [
      ...pauses.map(({ pauseId }) => ({
        label: `End the pause ${pauseId}`,
        command: commands.of({ method: "DELETE", path: `/pauses/${pauseId}` }),
      })),
      ...limits.filter(({ change }) => change !== undefined).map(({ type }) => ({
        label: `Restore the limits of ${type}`,
        command: commands.of({ method: "DELETE", path: `/limits/${encodeURIComponent(type)}` }),
      })),
    ]
    : [];
  return page(c, deps, {
    title: "Limits",
    screen: "limits",
    styles: ["system.css"],
    // A live page would reset the refused form.
    live: refused === undefined ? "journal" : undefined,
    problem: refused?.problem,
    calls: [
      { label: "The limits of job types, with their use", command: commands.get("/limits") },
      { label: "The pauses, with what each holds", command: commands.get("/pauses") },
      ...ending,
    ],
    body: (
      <>
        <h1>Limits and pauses</h1>
        <NoteLine c={c} deps={deps} />
        <section class="stack-wide" aria-labelledby="pauses-heading">
          <h2 id="pauses-heading">Pauses</h2>
          <PausesSection
            pauses={pauses}
            returnTo={LIMITS_PATH}
            whenNone="Nothing is paused."
          />
          <Needs scope="operate" what="pausing jobs">
            <PauseForm types={types} refused={refused} />
          </Needs>
        </section>
        <section class="stack-wide" aria-labelledby="limits-heading">
          <h2 id="limits-heading">Limits of job types</h2>
          <LimitedTypes
            limits={limits}
            types={types}
            refused={refused}
          />
          <Needs scope="operate" what="changing limits">
            <div id="other-types" data-live>
              <LimitType
                types={types.filter((type) => !limits.some((one) => one.type === type))}
                refused={refused}
              />
            </div>
          </Needs>
        </section>
      </>
    ),
  });
}
