/** What is told of the process, in JSON: where nobody tells of it, that is `null`. */

import type { HttpDeps } from "../http_deps.ts";
import { limitsInUse } from "../guard/limits_in_use.ts";
import type { ProcessFigures, ShownSetting } from "../ports/system_port.ts";
import { tokenHolders } from "../guard/token_holders.ts";
import type { Viewer } from "../guard/viewer.ts";

export function systemView(deps: HttpDeps, viewer: Viewer) {
  const { system, version, needsToken } = deps;
  return {
    version,
    versions: system?.versions ?? null,
    process: system === undefined ? null : processView(system.process()),
    workers: system?.workers() ?? null,
    limits: limitsInUse(deps),
    journalFolder: system?.journal ?? null,
    settings: system?.settings.map(settingView) ?? null,
    tokens: {
      needed: needsToken,
      holders: tokenHolders(deps, viewer)?.map(({ name, scopes }) => ({
        name: name ?? null,
        scopes,
      })) ?? null,
    },
  };
}

function processView({ startedAt, ...figures }: ProcessFigures) {
  return { ...figures, startedAt: new Date(startedAt).toISOString() };
}

function settingView({ name, value, origin }: ShownSetting) {
  return { flag: `--${name}`, value, origin };
}
