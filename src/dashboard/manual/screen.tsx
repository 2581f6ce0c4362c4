/** `/ui/manual`: the pages of the manual. */

import type { Context } from "hono";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { Problem, STATUS } from "../../http/responses/problem.ts";
import { emptyResponse } from "../../http/responses/response.ts";
import { page } from "../page.tsx";
import type { Route } from "../../http/routing/route.ts";
import askingWhy from "../../manual/asking-why.md" with { type: "text" };
import backupAndRestore from "../../manual/backup-and-restore.md" with { type: "text" };
import commands from "../../manual/commands.md" with { type: "text" };
import compensation from "../../manual/compensation.md" with { type: "text" };
import dashboard from "../../manual/dashboard.md" with { type: "text" };
import firstDefinition from "../../manual/first-definition.md" with { type: "text" };
import fromCron from "../../manual/from-cron.md" with { type: "text" };
import guarantees from "../../manual/guarantees.md" with { type: "text" };
import httpApi from "../../manual/http-api.md" with { type: "text" };
import inYourOwnApp from "../../manual/in-your-own-app.md" with { type: "text" };
import isolation from "../../manual/isolation.md" with { type: "text" };
import jobLifecycle from "../../manual/job-lifecycle.md" with { type: "text" };
import journalWithJq from "../../manual/journal-with-jq.md" with { type: "text" };
import movingFromQueues from "../../manual/moving-from-queues.md" with { type: "text" };
import pausing from "../../manual/pausing.md" with { type: "text" };
import index from "../../manual/README.md" with { type: "text" };
import runningAServer from "../../manual/running-a-server.md" with { type: "text" };
import severalMachines from "../../manual/several-machines.md" with { type: "text" };
import systemdAndCaddy from "../../manual/systemd-and-caddy.md" with { type: "text" };
import testingYourJobs from "../../manual/testing-your-jobs.md" with { type: "text" };
import timesInAJob from "../../manual/times-in-a-job.md" with { type: "text" };
import tracing from "../../manual/tracing.md" with { type: "text" };
import upgrading from "../../manual/upgrading.md" with { type: "text" };
import waitingForAnEvent from "../../manual/waiting-for-an-event.md" with { type: "text" };
import webhookIn from "../../manual/webhook-in.md" with { type: "text" };
import whenThingsGoWrong from "../../manual/when-things-go-wrong.md" with { type: "text" };
import writingJobs from "../../manual/writing-jobs.md" with { type: "text" };

// The pages of the manual: a fixed map, so that no request path ever refers to the disk. All are in
// `src`, since a server must start with nothing but the program.

/** Pages by their file names in `src/manual`, in the order of the list. */
const PAGES = {
  "when-things-go-wrong": whenThingsGoWrong,
  "first-definition": firstDefinition,
  "waiting-for-an-event": waitingForAnEvent,
  "times-in-a-job": timesInAJob,
  "compensation": compensation,
  "pausing": pausing,
  "testing-your-jobs": testingYourJobs,
  "webhook-in": webhookIn,
  "several-machines": severalMachines,
  "systemd-and-caddy": systemdAndCaddy,
  "backup-and-restore": backupAndRestore,
  "upgrading": upgrading,
  "from-cron": fromCron,
  "journal-with-jq": journalWithJq,
  "tracing": tracing,
  "isolation": isolation,
  "in-your-own-app": inYourOwnApp,
  "moving-from-queues": movingFromQueues,
  "writing-jobs": writingJobs,
  "job-lifecycle": jobLifecycle,
  "asking-why": askingWhy,
  "http-api": httpApi,
  "commands": commands,
  "dashboard": dashboard,
  "running-a-server": runningAServer,
  "guarantees": guarantees,
};

interface ManualPage {
  /** The name in the path; empty for the index. */
  readonly name: string;
  /** The path of the file in the repository. */
  readonly file: string;
  readonly title: string;
  /** The text, in Markdown. */
  readonly text: string;
}

/** In the order of the list. */
export const MANUAL_PAGES: readonly ManualPage[] = [
  manualPage("", "src/manual/README.md", index),
  ...Object.entries(PAGES).map(([name, text]) => manualPage(name, `src/manual/${name}.md`, text)),
];

function manualPage(name: string, file: string, text: string): ManualPage {
  return { name, file, title: /^# (.+)$/m.exec(text)?.[1] ?? name, text };
}

export function manualPath({ name }: ManualPage): string {
  return name === "" ? "/ui/manual" : `/ui/manual/${name}`;
}

/**
 * The target of a link in a page: pages link to each other's files. `undefined` for a file that is
 * not served.
 */
function manualLink({ file }: ManualPage, target: string): string | undefined {
  if (/^(?:https?:\/\/|#)/.test(target)) return target;
  const base = "file:///";
  const url = URL.parse(target, base + file);
  const found = MANUAL_PAGES.find((page) => url?.pathname === `/${page.file}`);
  return url === null || found === undefined ? undefined : manualPath(found) + url.hash;
}

export const MANUAL_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/ui/manual",
    scope: "read",
    handle: (c, deps) => showPage(c, deps, ""),
  },
  {
    method: "GET",
    path: "/ui/manual/:page",
    scope: "read",
    handle: (c, deps) => showPage(c, deps, c.req.param("page") ?? ""),
  },
];

async function showPage(c: Context, deps: HttpDeps, name: string): Promise<Response> {
  // The manual, the README and the commands name pages by their files.
  const named = MANUAL_PAGES.find(({ file }) => file === `src/manual/${name}`);
  if (named !== undefined) {
    return emptyResponse(STATUS.seeOther, { location: manualPath(named) });
  }
  const shown = MANUAL_PAGES.find((candidate) => candidate.name === name);
  if (shown === undefined) {
    throw new Problem("not-found", "Cannot find a page of this name in the manual");
  }
  // The library that parses it takes long to load.
  const { Markdown } = await import("./markdown.tsx");
  return page(c, deps, {
    title: shown.title,
    screen: "manual",
    styles: ["manual.css"],
    body: (
      <div class="manual">
        <Contents shown={shown} />
        <article class="column">
          <Markdown text={shown.text} hrefOf={(target) => manualLink(shown, target)} />
        </article>
      </div>
    ),
  });
}

function Contents({ shown }: { readonly shown: ManualPage }) {
  return (
    <nav aria-label="Pages of the manual" class="manual-pages">
      <ul class="bare">
        {MANUAL_PAGES.map((listed) => (
          <li>
            <a href={manualPath(listed)} aria-current={listed === shown ? "page" : undefined}>
              {listed.title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
