import { wait } from "../../incident_kit.ts";

export const incident = wait({
  story: "The branch in Oslo writes Betalt where the one in Stockholm writes Betald.",
  eventType: "nordisk.faktura.FakturaBetald",
  equals: { "faktura.nummer": 90_412, valuta: "SEK" },
  noise: (order) => ({ "løpenr": order, faktura: { nummer: 10_000 + order }, valuta: "SEK" }),
  goesWrong: (stage) =>
    stage.event("oslo", "nordisk.faktura.FakturaBetalt", {
      faktura: { nummer: 90_412 },
      valuta: "SEK",
    }),
  cause: [/FakturaBetalt/, /FakturaBetald/],
  decisive: ["oslo"],
});
