/** Whose tokens are valid, and what they may do; never a token. */

import type { Holder } from "../../http/guard/access.ts";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";

export interface TokensSectionProps {
  readonly needsToken: boolean;
  /** `undefined` where nobody tells, or who looks may not know. */
  readonly holders: readonly Holder[] | undefined;
}

export function TokensSection({ needsToken, holders }: TokensSectionProps) {
  return (
    <section class="sheet" aria-labelledby="tokens-heading">
      <h2 id="tokens-heading">Tokens</h2>
      {needsToken ? <Holders holders={holders} /> : (
        <p class="soft">
          None is needed: anyone who reaches this server may do everything.{" "}
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
        Requests need one. Whose there are is shown to those with the scope <code>operate</code>.
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
