/** The configuration in force, and where each setting is from. */

import type { ShownSetting } from "../../http/ports/system_port.ts";
import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";

export interface ConfigurationSectionProps {
  readonly settings: readonly ShownSetting[];
}

export function ConfigurationSection({ settings }: ConfigurationSectionProps) {
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
            <td>
              <UserText text={value} lengthMax={500} />
            </td>
            <td class={origin === "default" ? "soft" : undefined}>{origin}</td>
          </tr>
        ))}
      </Table>
    </section>
  );
}
