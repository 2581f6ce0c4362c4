import { wait } from "../incident_kit.ts";

const FINISHED = "render.FrameFinished";

export const incident = wait({
  story: "A message broker writes every type in lower case.",
  eventType: FINISHED,
  equals: { scene: "castle", frame: 812 },
  noise: (order) => ({ scene: "forest", frame: order }),
  goesWrong: (stage) =>
    stage.event("broker", "render.framefinished", { scene: "castle", frame: 812 }),
  cause: [/render\.framefinished/, /type/i],
  decisive: ["broker"],
});
