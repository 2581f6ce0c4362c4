/** The routes of the app, by kind of client. */

import type { Route } from "../../../src/http/route.ts";
import { ROUTES } from "../../../src/http/routes.ts";

/** Those that programs call, in JSON. */
export const API_ROUTES: readonly Route[] = ROUTES.filter((route) => !isOfDashboard(route));

/** Those that browsers call, in HTML and forms. */
export const DASHBOARD_ROUTES: readonly Route[] = ROUTES.filter(isOfDashboard);

/** The page of a problem type is for browsers too. */
function isOfDashboard({ path }: Route): boolean {
  return path === "/ui" || path.startsWith("/ui/") || path.startsWith("/problems/");
}
