/** Timelines and their drawings, built in one go. */

import { runToEnd } from "../../src/core/work.ts";
import { type Drawing, drawingTimeline } from "../../src/dashboard/job/drawing.ts";
import type { ScaleName } from "../../src/dashboard/job/time_scale.ts";
import { buildingTimeline, type Timeline } from "../../src/dashboard/timeline/timeline.ts";

export function buildTimeline(...given: Parameters<typeof buildingTimeline>): Timeline {
  return runToEnd(buildingTimeline(...given));
}

export function drawTimeline(timeline: Timeline, scale: ScaleName, page = 1): Drawing {
  return runToEnd(drawingTimeline(timeline, scale, page));
}
