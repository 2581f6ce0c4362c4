import { wait } from "../incident_kit.ts";

const DELIVERED = "post.letter.LetterDelivered";

export const incident = wait({
  story: "File names from a Mac carry ü as two characters; the city of a delivery came from one.",
  eventType: DELIVERED,
  equals: { city: "Zürich".normalize("NFC"), route: 12 },
  noise: (order) => ({ city: `Ort ${order}`, route: 12 }),
  goesWrong: (stage) =>
    stage.event("from-mac", DELIVERED, { city: "Zürich".normalize("NFD"), route: 12 }),
  cause: [/city/, /U\+0308|Unicode|code point/i],
  decisive: ["from-mac"],
});
