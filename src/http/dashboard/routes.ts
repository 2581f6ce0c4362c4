/** The dashboard: its screens, and what they share. */

import type { Hono } from "hono";
import type { Edge } from "../edge.ts";
import { addLive } from "./live.ts";
import { addAssets } from "./screens/asset.ts";
import { addJobScreen } from "./screens/job.tsx";
import { addJobsScreen } from "./screens/jobs.tsx";
import { addOverviewScreen } from "./screens/overview.tsx";
import { addReferenceScreen } from "./screens/reference.tsx";
import { addManualScreen } from "./screens/manual.tsx";
import { addSignInScreen } from "./screens/sign_in.tsx";
import { addStreamScreen } from "./screens/stream.tsx";
import { addTimeTravelScreen } from "./screens/time_travel.tsx";
import { addEventScreen } from "./screens/event.tsx";
import { addSubmitScreens } from "./screens/submit.tsx";
import { addSystemScreen } from "./screens/system.tsx";

export function addDashboard(app: Hono, edge: Edge): void {
  addAssets(app);
  addLive(app, edge);
  addManualScreen(app, edge);
  addSignInScreen(app, edge);
  addJobScreen(app, edge);
  addJobsScreen(app, edge);
  addOverviewScreen(app, edge);
  addTimeTravelScreen(app, edge);
  addStreamScreen(app, edge);
  addReferenceScreen(app, edge);
  addSystemScreen(app, edge);
  addSubmitScreens(app, edge);
  addEventScreen(app, edge);
}
