/** What is shown of a journal without jobs: how there would be one. */

import type { JsonObject } from "../../core/json.ts";
import type { Commands } from "../commands.ts";
import { CopyText } from "../parts/curl.tsx";
import { Empty } from "../parts/empty.tsx";

/** Works with every set of definitions: a plan needs no code. */
const FIRST_JOB: JsonObject = {
  jobId: "parcel-1",
  plan: {
    expected: [{
      id: "shipped",
      eventType: "shop.ParcelShipped",
      correlation: { equals: { orderId: "42" } },
    }],
  },
};

const ITS_EVENT: JsonObject = {
  eventType: "shop.ParcelShipped",
  attributes: { orderId: "42" },
};

export function FirstJob({ commands }: { readonly commands: Commands }) {
  return (
    <Empty title="There are no jobs yet">
      <p>Submit one that waits for a parcel, and see here what it waits for:</p>
      <CopyText text={commands.post("/jobs", FIRST_JOB)} />
      <p>Then tell Daybook that the parcel was shipped, and the job is done:</p>
      <CopyText text={commands.post("/events", ITS_EVENT)} />
      <p>Or fill another, fresh journal with a lively mixture of jobs, and look around:</p>
      <CopyText text="deno task demo" />
    </Empty>
  );
}
