/** The routes of the dashboard: pages, forms and shared files. */

import type { Route } from "../http/routing/route.ts";
import { ASSET_ROUTES } from "./assets.ts";
import { LIVE_ROUTES } from "./live.ts";
import { remembersHead } from "./page.tsx";
import { EVENT_SCREEN_ROUTES } from "./system/event_screen.tsx";
import { JOB_SCREEN_ROUTES } from "./job/screen.tsx";
import { JOBS_ROUTES } from "./jobs/screen.tsx";
import { LIMITS_SCREEN_ROUTES } from "./limits/screen.tsx";
import { MANUAL_ROUTES } from "./manual/screen.tsx";
import { OVERVIEW_SCREEN_ROUTES } from "./overview/screen.tsx";
import { PROBLEM_ROUTES } from "./problems.tsx";
import { REFERENCE_ROUTES } from "./reference/screen.tsx";
import { SIGN_IN_ROUTES } from "./sign_in.tsx";
import { STREAM_ROUTES } from "./stream/screen.tsx";
import { SUBMIT_ROUTES } from "./system/submit_screen.tsx";
import { SYSTEM_SCREEN_ROUTES } from "./system/screen.tsx";
import { TIME_TRAVEL_ROUTES } from "./time_travel/screen.tsx";

const SCREEN_ROUTES: readonly Route[] = [
  ...OVERVIEW_SCREEN_ROUTES,
  ...JOBS_ROUTES,
  ...JOB_SCREEN_ROUTES,
  ...TIME_TRAVEL_ROUTES,
  ...LIMITS_SCREEN_ROUTES,
  ...STREAM_ROUTES,
  ...SYSTEM_SCREEN_ROUTES,
  ...SUBMIT_ROUTES,
  ...EVENT_SCREEN_ROUTES,
  ...REFERENCE_ROUTES,
  ...PROBLEM_ROUTES,
  ...MANUAL_ROUTES,
  ...SIGN_IN_ROUTES,
];

export const DASHBOARD_ROUTES: readonly Route[] = [
  ...SCREEN_ROUTES.map(remembersHead),
  ...LIVE_ROUTES,
  ...ASSET_ROUTES,
];
