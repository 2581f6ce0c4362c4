import { wait } from "../incident_kit.ts";

const RECEIVED = "giro.TransferReceived";

export const incident = wait({
  story: 'The bank sends amounts as text: "1250.5" is not 1250.5.',
  eventType: RECEIVED,
  equals: { reference: "RF18 5390", amount: 1250.5 },
  noise: (order) => ({ reference: `RF${order}`, amount: order }),
  goesWrong: (stage) =>
    stage.event("transfer", RECEIVED, { reference: "RF18 5390", amount: "1250.5" }),
  cause: [/amount/, /text/, /number/],
  decisive: ["transfer"],
});
