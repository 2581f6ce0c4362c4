/** `/ui/system`: the journal and its proof, limits and their use, definitions, configuration. */

import type { Context } from "hono";
import type { HttpDeps } from "../../http/http_deps.ts";
import { Problem, STATUS } from "../../http/problems/problem.ts";
import { readQuery, refuseQuery } from "../../http/requests/query.ts";
import { emptyResponse } from "../../http/answers/response.ts";
import { startVerification } from "../../http/routes/journal.ts";
import { tokenHolders } from "../../http/guard/token_holders.ts";
import { viewerOf } from "../../http/guard/viewer.ts";
import { readForm } from "../form.ts";
import { page } from "../page.tsx";
import { safeReturnPath } from "../return_path.ts";
import { NOTE_PARAMETER, NoteLine } from "../parts/note_line.tsx";
import { commandsOf } from "../commands.ts";
import { ConfigurationSection } from "../system/configuration_section.tsx";
import { DefinitionsSection } from "../system/definitions_section.tsx";
import { JournalSection } from "../system/journal_section.tsx";
import { LimitsSection } from "../system/limits_section.tsx";
import { LIMITS_ACTION_ROUTE, PlacesSection } from "../system/places_section.tsx";
import { ProcessSection } from "../system/process_section.tsx";
import { TokensSection } from "../system/tokens_section.tsx";
import { VerificationSection } from "../system/verification_section.tsx";
import type { Route } from "../../http/route.ts";

const PATH = "/ui/system";

export const SYSTEM_SCREEN_ROUTES: readonly Route[] = [
  { method: "GET", path: PATH, scope: "read", handle: showSystem },
  { method: "POST", path: `${PATH}/verify`, scope: "operate", handle: verify },
  LIMITS_ACTION_ROUTE,
];

async function showSystem(c: Context, deps: HttpDeps): Promise<Response> {
  readQuery(c.req.raw, NOTE_PARAMETER);
  const { engine, clock, system, verification } = deps;
  const journal = await engine.journalInfo();
  const commands = commandsOf(c, deps);
  const viewer = viewerOf(c.req.raw);
  const { scopes } = viewer;
  const now = clock.now();
  const limits = engine.limits();
  return page(
    c,
    deps,
    {
      title: "System",
      screen: "system",
      styles: ["system.css"],
      scripts: ["system.js"],
      live: "journal",
      calls: [
        { label: "This screen", command: commands.get("/system") },
        ...limits.length === 0
          ? []
          : [{ label: "Limits of types of jobs", command: commands.get("/limits") }],
        ...verification === undefined || !scopes.includes("operate")
          ? []
          : [{ label: "Verify now", command: commands.post("/journal/verify") }],
      ],
    },
    <>
      <h1>System</h1>
      <div class="two-columns">
        <div class="column">
          <JournalSection journal={journal} system={system} />
          <VerificationSection
            last={journal.lastVerification}
            run={verification?.run ?? null}
            canVerify={verification !== undefined}
            mayVerify={scopes.includes("operate")}
            now={now}
            note={<NoteLine c={c} deps={deps} />}
          />
          {system === undefined ? null : (
            <ProcessSection
              figures={system.process()}
              versions={system.versions}
              now={now}
            />
          )}
        </div>
        <div class="column">
          <DefinitionsSection
            definitions={engine.definitions()}
            maySubmit={scopes.includes("submit")}
          />
          <PlacesSection
            limits={limits}
            mayRestore={scopes.includes("operate")}
            now={now}
          />
          <LimitsSection deps={deps} />
        </div>
      </div>
      {system === undefined ? null : <ConfigurationSection settings={system.settings} />}
      <TokensSection
        needsToken={deps.needsToken}
        holders={tokenHolders(deps, viewer)}
      />
    </>,
  );
}

async function verify(c: Context, deps: HttpDeps): Promise<Response> {
  refuseQuery(c.req.raw);
  const form = await readForm(c.req.raw, deps.bodies);
  const path = safeReturnPath(form.get("return"));
  return emptyResponse(STATUS.seeOther, { location: verifyAndTell(deps, path) });
}

/** What is refused is told where the button is. */
function verifyAndTell(deps: HttpDeps, path: string): string {
  try {
    startVerification(deps);
    return deps.notes.pathWith(path, "The verification has begun.");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return deps.notes.pathWith(path, error.message, true);
  }
}
