/** The routes of the app, by who calls them. */

import type { Route } from "../../../src/http/route.ts";
import { ROUTES } from "../../../src/http/routes.ts";

/** Those that programs call, in JSON. */
export const API_ROUTES: readonly Route[] = ROUTES.filter((route) => !isOfDashboard(route));

/** Those that browsers call, in HTML and forms. */
export const DASHBOARD_ROUTES: readonly Route[] = ROUTES.filter(isOfDashboard);

/** What a type of problem leads to is a page as well. */
function isOfDashboard({ path }: Route): boolean {
  return path === "/ui" || path.startsWith("/ui/") || path.startsWith("/problems/");
}
