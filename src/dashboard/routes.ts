/** The pages of the dashboard, their forms, and what they share. */

import type { Route } from "../http/route.ts";
import { ASSET_ROUTES } from "./assets.ts";
import { LIVE_ROUTES } from "./live.ts";
import { EVENT_SCREEN_ROUTES } from "./screens/event.tsx";
import { JOB_SCREEN_ROUTES } from "./screens/job.tsx";
import { JOBS_ROUTES } from "./screens/jobs.tsx";
import { MANUAL_ROUTES } from "./screens/manual.tsx";
import { OVERVIEW_SCREEN_ROUTES } from "./screens/overview.tsx";
import { PROBLEM_ROUTES } from "./screens/problems.tsx";
import { REFERENCE_ROUTES } from "./screens/reference.tsx";
import { SIGN_IN_ROUTES } from "./screens/sign_in.tsx";
import { STREAM_ROUTES } from "./screens/stream.tsx";
import { SUBMIT_ROUTES } from "./screens/submit.tsx";
import { SYSTEM_SCREEN_ROUTES } from "./screens/system.tsx";
import { TIME_TRAVEL_ROUTES } from "./screens/time_travel.tsx";

export const DASHBOARD_ROUTES: readonly Route[] = [
  ...OVERVIEW_SCREEN_ROUTES,
  ...JOBS_ROUTES,
  ...JOB_SCREEN_ROUTES,
  ...TIME_TRAVEL_ROUTES,
  ...STREAM_ROUTES,
  ...SYSTEM_SCREEN_ROUTES,
  ...SUBMIT_ROUTES,
  ...EVENT_SCREEN_ROUTES,
  ...REFERENCE_ROUTES,
  ...PROBLEM_ROUTES,
  ...MANUAL_ROUTES,
  ...SIGN_IN_ROUTES,
  ...LIVE_ROUTES,
  ...ASSET_ROUTES,
];
