import { wait } from "../incident_kit.ts";

const MOVED = "yard.ContainerMoved";

export const incident = wait({
  story: "A gateway wraps what it passes on in data.",
  eventType: MOVED,
  equals: { container: "MSKU 442-1", lane: 4 },
  noise: (order) => ({ container: `MSKU ${order}`, lane: 4 }),
  goesWrong: (stage) =>
    stage.event("gateway", MOVED, { data: { container: "MSKU 442-1", lane: 4 } }),
  cause: [/data\.container/],
  decisive: ["gateway"],
});
