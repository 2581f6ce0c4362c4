/** The pages of the manual: a fixed map, so that no path of a request is ever one of the disk. */

import backupAndRestore from "../../manual/backup-and-restore.md" with { type: "text" };
import compensation from "../../manual/compensation.md" with { type: "text" };
import firstDefinition from "../../manual/first-definition.md" with { type: "text" };
import fromCron from "../../manual/from-cron.md" with { type: "text" };
import inYourOwnApp from "../../manual/in-your-own-app.md" with { type: "text" };
import journalWithJq from "../../manual/journal-with-jq.md" with { type: "text" };
import movingFromQueues from "../../manual/moving-from-queues.md" with { type: "text" };
import index from "../../manual/README.md" with { type: "text" };
import systemdAndCaddy from "../../manual/systemd-and-caddy.md" with { type: "text" };
import upgrading from "../../manual/upgrading.md" with { type: "text" };
import waitingForAnEvent from "../../manual/waiting-for-an-event.md" with { type: "text" };
import webhookIn from "../../manual/webhook-in.md" with { type: "text" };

/** What `/ui/manual` shows. */
export const INDEX = "README";

/** By the names of their files without `.md`, in the order in which they are listed. */
const PAGES = new Map([
  [INDEX, index],
  ["first-definition", firstDefinition],
  ["waiting-for-an-event", waitingForAnEvent],
  ["compensation", compensation],
  ["webhook-in", webhookIn],
  ["systemd-and-caddy", systemdAndCaddy],
  ["backup-and-restore", backupAndRestore],
  ["upgrading", upgrading],
  ["from-cron", fromCron],
  ["journal-with-jq", journalWithJq],
  ["in-your-own-app", inYourOwnApp],
  ["moving-from-queues", movingFromQueues],
]);

export interface ManualPage {
  readonly name: string;
  readonly title: string;
  /** In Markdown. */
  readonly text: string;
}

export const MANUAL_PAGES: readonly ManualPage[] = [...PAGES].map(([name, text]) => ({
  name,
  title: /^# (.+)$/m.exec(text)?.[1] ?? name,
  text,
}));

/** Where a browser finds a page. */
export function manualPath(name: string): string {
  return name === INDEX ? "/ui/manual" : `/ui/manual/${name}`;
}
