/** `/ui/system`: the journal and its verification, definitions, limits, configuration. */

import type { Context } from "hono";
import type { HttpDeps, SystemPort } from "../../http/routing/http_deps.ts";
import { readQuery, refuseQuery } from "../../http/requests/request.ts";
import { type LimitInUse, limitsInUse, startVerification } from "../../http/routes/system.ts";
import { requestViewer, tokenHolders } from "../../http/requests/viewer.ts";
import { carryOut } from "../form.tsx";
import { NOTE_PARAMETER, NoteLine, page } from "../page.tsx";
import { curlCommands } from "../parts/curl.tsx";
import type { Holder } from "../../access/tokens.ts";
import type { ShownSetting } from "../../documents/answers/system.ts";
import { JournalSection, VerificationSection } from "./journal_section.tsx";
import type { Route } from "../../http/routing/route.ts";
import type { DefinitionInfo } from "../../engine/requests.ts";
import { Empty, Table, Term } from "../parts/table.tsx";
import { definitionPath, LIMITS_PATH } from "../parts/links.tsx";
import { UserText } from "../parts/text.tsx";
import { counted, countText, sizeText } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";
import { useMay } from "../parts/viewing.tsx";
import { Time } from "../parts/amounts.tsx";

const PATH = "/ui/system";

/** The others are folded, so that neither eyes nor keys have to pass hundreds of them. */
const DEFINITIONS_SHOWN = 50;

export const SYSTEM_SCREEN_ROUTES: readonly Route[] = [
  { method: "GET", path: PATH, scope: "read", handle: showSystem },
  { method: "POST", path: `${PATH}/verify`, by: "here", scope: "operate", handle: verify },
];

async function showSystem(c: Context, deps: HttpDeps): Promise<Response> {
  readQuery(c.req.raw, NOTE_PARAMETER);
  const { engine, system, verification } = deps;
  // Read first: a run that ends meanwhile must not be shown as ended with the verdict before it.
  const run = verification?.run ?? null;
  const journal = await engine.journalInfo();
  const commands = curlCommands(c, deps);
  const viewer = requestViewer(c);
  return page(c, deps, {
    title: "System",
    screen: "system",
    styles: ["system.css"],
    live: "journal",
    calls: [
      { label: "This screen", command: commands.get("/system") },
      ...verification === undefined || !viewer.scopes.includes("operate")
        ? []
        : [{ label: "Verify now", command: commands.post("/journal/verify") }],
    ],
    body: (
      <>
        <h1>System</h1>
        <div class="column two-columns">
          <div class="column">
            <JournalSection journal={journal} system={system} standing={deps.shared?.standing()} />
            <VerificationSection
              last={journal.lastVerification}
              run={run}
              canVerify={verification !== undefined}
              note={<NoteLine c={c} deps={deps} />}
            />
            {system !== undefined && <ProcessSection system={system} />}
          </div>
          <div class="column">
            <DefinitionsSection
              definitions={engine.definitions()}
            />
            <LimitsSection deps={deps} />
          </div>
        </div>
        {system !== undefined && <ConfigurationSection settings={system.settings} />}
        <TokensSection
          needsToken={deps.needsToken}
          holders={tokenHolders(deps, viewer)}
        />
      </>
    ),
  });
}

function verify(c: Context, deps: HttpDeps): Promise<Response> {
  refuseQuery(c.req.raw);
  return carryOut(c, deps, {
    act() {
      startVerification(deps);
      return { text: "The verification has started." };
    },
  });
}

interface DefinitionsProps {
  readonly definitions: readonly DefinitionInfo[];
}

/** The job types that can be submitted, with links to the forms for plans and events. */
function DefinitionsSection({ definitions }: DefinitionsProps) {
  const further = definitions.slice(DEFINITIONS_SHOWN);
  return (
    <section class="sheet" aria-labelledby="definitions-heading">
      <h2 id="definitions-heading">Definitions</h2>
      {definitions.length === 0
        ? (
          <Empty title="No definitions are loaded">
            <p>
              <code>--definitions my_jobs.ts</code> loads your own. A plan needs none.
            </p>
          </Empty>
        )
        : <Definitions definitions={definitions.slice(0, DEFINITIONS_SHOWN)} />}
      {further.length !== 0 && (
        <details id="further-definitions">
          <summary>{counted(further.length, "other definition")}</summary>
          <Definitions definitions={further} />
        </details>
      )}
      <p class="row">
        <a class="button" href="/ui/system/plan">A job without code</a>
        <a class="button" href="/ui/system/event">Send an event</a>
      </p>
    </section>
  );
}

function Definitions({ definitions }: DefinitionsProps) {
  const formName = useMay("submit") ? "Submit" : "Form";
  return (
    <ul class="bare definitions">
      {definitions.map(({ type, version, description }) => (
        <li>
          <div>
            <a href={definitionPath(type)} class="mono">
              <UserText text={type} lengthMax={200} />
            </a>{" "}
            <span class="soft">version {version}</span>
            {description !== undefined && (
              <p class="soft">
                <UserText text={description} lengthMax={300} />
              </p>
            )}
          </div>
          <a class="button" href={`${definitionPath(type)}#submit-heading`}>{formName}</a>
        </li>
      ))}
    </ul>
  );
}

/** Limits on what may exist at the same time, and their use. */
function LimitsSection({ deps }: { readonly deps: HttpDeps }) {
  return (
    <section class="sheet" aria-labelledby="limits-heading">
      <h2 id="limits-heading">Limits and usage</h2>
      <div id="limits" data-live>
        <Table caption="Limits" headings={["What", "Used", "At most"]}>
          {limitRows(deps).map(({ what, unit, used, max }) => {
            const text = unit === "bytes" ? sizeText : countText;
            return (
              <tr>
                <td>{what}</td>
                <td class={used >= max ? "number bad" : "number"}>{text(used)}</td>
                <td class="number">{text(max)}</td>
              </tr>
            );
          })}
        </Table>
      </div>
      <p class="soft">
        Types of jobs have limits of their own: <a href={LIMITS_PATH}>their use, and pauses</a>.
      </p>
    </section>
  );
}

/** Workers are not a limit on requests: jobs wait for one. */
function limitRows(deps: HttpDeps): readonly Omit<LimitInUse, "name">[] {
  const limits = limitsInUse(deps);
  if (deps.system === undefined) return limits;
  const workers = { what: "workers with a job", unit: "count" } as const;
  return [{ ...workers, ...deps.system.workers() }, ...limits];
}

/** The process: its uptime and its use of memory and processor. */
function ProcessSection({ system }: { readonly system: SystemPort }) {
  const { pid, startedAt, residentBytes, heap, cpuSeconds } = system.process();
  return (
    <section class="sheet" aria-labelledby="process-heading">
      <h2 id="process-heading">Process</h2>
      <dl class="facts" id="process" data-live>
        <Term name="Process id">{pid}</Term>
        <Term name="Started">
          <Time at={new Date(startedAt).toISOString()} ago />
        </Term>
        <Term name="Memory">
          {sizeText(residentBytes)} resident, {sizeText(heap.used)} of heap, at most{" "}
          {sizeText(heap.max)}
        </Term>
        <Term name="Processor">{durationText(cpuSeconds * 1000)}</Term>
        {system.versions.map(({ name, version }) => <Term name={name}>{version}</Term>)}
      </dl>
    </section>
  );
}

/** The configuration in force, and the origin of each setting. */
function ConfigurationSection({ settings }: { readonly settings: readonly ShownSetting[] }) {
  return (
    <section class="sheet" aria-labelledby="configuration-heading">
      <h2 id="configuration-heading">Configuration</h2>
      <p class="hint">
        As read at the start. Each flag has an environment variable: <code>--segment-bytes</code> is
        {" "}
        <code>DAYBOOK_SEGMENT_BYTES</code>.
      </p>
      <Table caption="Settings in force" headings={["Flag", "In force", "From"]}>
        {settings.map(({ name, value, origin }) => (
          <tr>
            <td class="mono setting-name">{`--${name}`}</td>
            <td class="setting-value">
              <UserText text={value} lengthMax={500} />
            </td>
            <td class={origin === "default" ? "soft" : undefined}>{origin}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}

interface TokensSectionProps {
  readonly needsToken: boolean;
  /** `undefined` if unknown, or if the viewer may not see it. */
  readonly holders: readonly Holder[] | undefined;
}

/** The holders of valid tokens and their scopes; never a token. */
function TokensSection({ needsToken, holders }: TokensSectionProps) {
  return (
    <section class="sheet" aria-labelledby="tokens-heading">
      <h2 id="tokens-heading">Tokens</h2>
      {needsToken ? <Holders holders={holders} /> : (
        <p class="soft">
          No token is needed: anyone who can reach this server may do everything.{" "}
          <code>DAYBOOK_TOKEN</code> or <code>--token-file</code> changes that.
        </p>
      )}
    </section>
  );
}

function Holders({ holders }: Pick<TokensSectionProps, "holders">) {
  if (holders === undefined) {
    return (
      <p class="soft">
        Requests need a token. The holders are shown to tokens with the scope <code>operate</code>.
      </p>
    );
  }
  return (
    <Table caption="Valid tokens" headings={["Name", "Scopes"]}>
      {holders.map(({ name, scopes }) => (
        <tr>
          <td>
            {name === undefined ? <span class="soft">no name</span> : <UserText text={name} />}
          </td>
          <td>{scopes.join(", ")}</td>
        </tr>
      ))}
    </Table>
  );
}
