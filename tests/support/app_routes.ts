/** The routes that an app has, as it declared them. */

import type { Hono } from "hono";
import type { Route } from "../../src/http/route_scopes.ts";

export function routesOf({ routes }: Hono): readonly Route[] {
  return routes.filter(({ method }) => method !== "ALL");
}

/** Those that programs call, in JSON. */
export function apiRoutesOf(app: Hono): readonly Route[] {
  return routesOf(app).filter((route) => !isOfDashboard(route));
}

/** Those that browsers call, in HTML and forms. */
export function dashboardRoutesOf(app: Hono): readonly Route[] {
  return routesOf(app).filter(isOfDashboard);
}

function isOfDashboard({ path }: Route): boolean {
  return path === "/ui" || path.startsWith("/ui/");
}
