/** The scope that each route needs: the one place that says so. */

import type { Scope } from "./access.ts";

/** `open` routes need no token: they tell a supervisor nothing of jobs. */
export type RouteScope = Scope | "open";

/** By method and path, as the route is declared. */
const ROUTE_SCOPES: Readonly<Record<string, RouteScope>> = {
  "GET /": "read",
  "GET /livez": "open",
  "GET /readyz": "open",
  "GET /openapi.json": "read",
  "GET /definitions": "read",
  "GET /pauses": "read",
  "DELETE /pauses/:id": "operate",
  "GET /overview": "read",
  // Whose tokens there are it tells only to those who may operate.
  "GET /system": "read",
  "GET /journal": "read",
  "POST /journal/verify": "operate",
  "GET /metrics": "read",
  "GET /events": "read",
  "GET /events/:id/explain": "read",
  "GET /explain": "read",
  "GET /stream": "read",
  "GET /jobs": "read",
  "GET /jobs/:id": "read",
  // What a retention keeps out of the journal is not for everybody who may read that.
  "GET /jobs/:id/input": "operate",
  "GET /jobs/:id/events": "read",
  "GET /jobs/:id/log": "read",
  "GET /jobs/:id/stream": "read",
  "GET /jobs/:id/explain": "read",
  "GET /jobs/:id/replay": "read",
  "GET /jobs/:id/diff": "read",
  // It asks what would be, and records nothing.
  "POST /jobs/:id/what-if": "read",
  "POST /jobs": "submit",
  "POST /events": "submit",
  "POST /jobs/:id/start": "operate",
  "POST /jobs/:id/cancel": "operate",
  "POST /jobs/:id/suspend": "operate",
  "POST /jobs/:id/resume": "operate",
  "POST /jobs/:id/wake": "operate",
  "POST /jobs/:id/retry": "operate",
  // The dashboard. What it looks like is no secret, and how else would one sign in?
  "GET /ui/assets/:name": "open",
  "GET /ui/sign-in": "open",
  "POST /ui/sign-in": "open",
  "POST /ui/sign-out": "open",
  "GET /ui": "read",
  "GET /ui/live": "read",
  "GET /ui/jobs/:id": "read",
  "POST /ui/jobs/:id/start": "operate",
  "POST /ui/jobs/:id/suspend": "operate",
  "POST /ui/jobs/:id/resume": "operate",
  "POST /ui/jobs/:id/wake": "operate",
  "POST /ui/jobs/:id/cancel": "operate",
  "POST /ui/jobs/:id/retry": "operate",
  "POST /ui/jobs/:id/event": "submit",
  "GET /ui/jobs": "read",
  "POST /ui/jobs": "operate",
  "GET /ui/stream": "read",
  "GET /ui/reference": "read",
  "GET /ui/jobs/:id/time": "read",
  // As the what-if of the API: it records nothing.
  "POST /ui/jobs/:id/time": "read",
  "GET /ui/manual": "read",
  "GET /ui/manual/:page": "read",
  "POST /ui/pauses/:id/end": "operate",
  "GET /ui/system": "read",
  "POST /ui/system/verify": "operate",
  "GET /ui/system/definitions/:type": "read",
  "POST /ui/system/definitions/:type": "submit",
  "GET /ui/system/plan": "read",
  "POST /ui/system/plan": "submit",
  "GET /ui/system/event": "read",
  "POST /ui/system/event": "submit",
};

export interface Route {
  readonly method: string;
  readonly path: string;
}

/** `undefined` when none is declared, which no route of the app may be. */
export function scopeOf({ method, path }: Route): RouteScope | undefined {
  const name = `${method} ${path}`;
  return Object.hasOwn(ROUTE_SCOPES, name) ? ROUTE_SCOPES[name] : undefined;
}

/**
 * A route that nobody decided about is open to nobody: the app is not built.
 *
 * @throws {TypeError} naming it.
 */
export function requireScopes(routes: readonly Route[]): void {
  for (const route of routes) {
    if (route.method === "ALL" || scopeOf(route) !== undefined) continue;
    throw new TypeError(
      `Cannot serve ${route.method} ${route.path}: ROUTE_SCOPES does not say which scope it needs`,
    );
  }
}
