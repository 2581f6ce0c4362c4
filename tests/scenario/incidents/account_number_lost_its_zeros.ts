import { wait } from "../incident_kit.ts";

const OPENED = "bank.AccountOpened";

export const incident = wait({
  story: "A spreadsheet made a number of an account number, and its leading zeros went.",
  eventType: OPENED,
  equals: { account: "0047110815" },
  noise: (order) => ({ account: `10${order}` }),
  goesWrong: (stage) => stage.event("spreadsheet", OPENED, { account: 47110815 }),
  cause: [/account/, /number/, /text/],
  decisive: ["spreadsheet"],
});
