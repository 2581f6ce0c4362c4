import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const CHARGE = scripted("cart.charge", { charge: () => "charged" });

export const incident: Incident = {
  story: "A customer clicked twice and was charged twice; only the time of the request differs.",
  options: { definitions: [CHARGE] },
  async play(stage, culprit) {
    const requestedAt = "2026-11-30T03:00:01.120Z";
    await stage.submit("first", "cart.charge", { cartId: "cart-77", requestedAt });
    await stage.advance(211);
    const again = culprit ? "2026-11-30T03:00:01.331Z" : "2026-11-30T09:30:00.000Z";
    await stage.submit("job", "cart.charge", { cartId: "cart-77", requestedAt: again });
    return "/jobs/job/explain";
  },
  cause: [/Job first of the same type got the same input, apart from times, 211 ms before it/],
  decisive: [{ jobId: "first", eventType: "job.JobCreated" }],
};
