/** The configuration in force, the origin of each setting, and the holders of valid tokens. */

import type { ShownSetting } from "../../documents/answers/system.ts";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import type { Holder } from "../../access/tokens.ts";

export function ConfigurationSection({ settings }: { readonly settings: readonly ShownSetting[] }) {
  return (
    <section class="sheet" aria-labelledby="configuration-heading">
      <h2 id="configuration-heading">Configuration</h2>
      <p class="hint">
        As it was read at the start. Each flag has an environment twin: <code>--segment-bytes</code>
        {" "}
        is <code>DAYBOOK_SEGMENT_BYTES</code>.
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
export function TokensSection({ needsToken, holders }: TokensSectionProps) {
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
