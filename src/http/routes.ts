/**
 * All routes. Dispatch, scopes, `Allow`, `/openapi.json`, the reference page and its curl calls
 * derive from this list. Each route is defined with its handler in a file of `routes/` or of the
 * dashboard.
 */

import type { Clock } from "../engine/ports.ts";
import { loadInTurns } from "../engine/turns.ts";
import { refuseQuery } from "./requests/request.ts";
import type { Route } from "./routing/route.ts";
import { BULK_ROUTES } from "./routes/bulk.ts";
import { CONTROL_ROUTES } from "./routes/controls.ts";
import { CREATE_ROUTES } from "./routes/create_job.ts";
import { HEALTH_ROUTES, SYSTEM_ROUTES } from "./routes/system.ts";
import { EVENT_ROUTES } from "./routes/events.ts";
import { EXPLAIN_ROUTES } from "./routes/explain.ts";
import { JOB_ROUTES } from "./routes/jobs.ts";
import { JOB_LOG_ROUTES } from "./routes/job_log.ts";
import { OVERVIEW_ROUTES } from "./routes/overview.ts";
import { HOLD_ROUTES } from "./routes/holds.ts";
import { REPLAY_ROUTES } from "./routes/replay.ts";

/** In the order of `/openapi.json`. */
const API_ROUTES: readonly Route[] = [
  ...CREATE_ROUTES,
  ...JOB_ROUTES,
  ...JOB_LOG_ROUTES,
  ...CONTROL_ROUTES,
  ...BULK_ROUTES,
  ...EVENT_ROUTES,
  ...EXPLAIN_ROUTES,
  ...REPLAY_ROUTES,
  ...HOLD_ROUTES,
  ...OVERVIEW_ROUTES,
  ...SYSTEM_ROUTES,
];

/** All but those of the dashboard. */
export const ROUTES: readonly Route[] = [...API_ROUTES.map(refusingQuery), ...HEALTH_ROUTES];

/** Modules of the dashboard that take longest to load. */
const DASHBOARD_MODULES = [
  () => import("../dashboard/page.tsx"),
  () => import("../dashboard/overview/screen.tsx"),
  () => import("../dashboard/job/screen.tsx"),
  () => import("../dashboard/time_travel/screen.tsx"),
  () => import("../dashboard/system/submit_screen.tsx"),
  () => import("../dashboard/manual/screen.tsx"),
];

let loading: Promise<readonly Route[]> | undefined;

/**
 * With those of the dashboard, which is a sixth of the program: it is loaded when it is first asked
 * for, so that a start does not wait for it.
 */
export function allRoutes(clock: Pick<Clock, "pause">): Promise<readonly Route[]> {
  return loading ??= loadAll(clock).catch((error) => {
    loading = undefined;
    throw error;
  });
}

async function loadAll(clock: Pick<Clock, "pause">): Promise<readonly Route[]> {
  await loadInTurns(DASHBOARD_MODULES, clock);
  const { DASHBOARD_ROUTES } = await import("../dashboard/routes.ts");
  return [...ROUTES, ...DASHBOARD_ROUTES];
}

/** A route of the API refuses every parameter, unless it describes some. */
function refusingQuery(route: Route): Route {
  const { operation, handle } = route;
  return operation?.query !== undefined ? route : {
    ...route,
    handle(c, deps) {
      refuseQuery(c.req.raw);
      return handle(c, deps);
    },
  };
}
