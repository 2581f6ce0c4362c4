import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const rooms = new Map<string, { readonly id: string }>();

const BOOK = scripted("hotel.book", {
  reserve: ({ jobId, input }) => {
    if (input.isFull === true) return;
    rooms.set(jobId, { id: "room-7" });
    return rooms.get(jobId);
  },
  price: () => 120,
  confirm: ({ jobId, input }) => {
    if (input.isFull !== true) throw new TypeError("fetch failed");
    return (rooms.get(jobId) as { readonly id: string }).id;
  },
}, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });

export const incident: Incident = {
  story: "A step returned nothing in one branch; the step after next broke on that.",
  options: { definitions: [BOOK] },
  async play(stage, culprit) {
    await stage.submit("job", "hotel.book", { isFull: culprit });
    return "/jobs/job/explain";
  },
  cause: [/reading 'id'/, /[Tt]ask reserve completed, but returned nothing/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "reserve" }],
};
