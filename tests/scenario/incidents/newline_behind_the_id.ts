import { wait } from "../incident_kit.ts";

const GRADED = "school.ExamGraded";

export const incident = wait({
  story: "A shell script forgot -n: the id ends with a newline.",
  eventType: GRADED,
  equals: { exam: "E-2026-881" },
  noise: (order) => ({ exam: `E-2025-${order}` }),
  goesWrong: (stage) => stage.event("from-shell", GRADED, { exam: "E-2026-881\n" }),
  cause: [/exam/, /space|white/i],
  decisive: ["from-shell"],
});
