/** A schema as a table: each field, and what it takes. */

import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import type { SchemaForm } from "./field.ts";
import { rulesText } from "./rules_text.ts";

export function SchemaTable({ form }: { readonly form: SchemaForm }) {
  return (
    <Table caption="The input, field by field" headings={["Field", "Takes", "About", "Default"]}>
      {form.fields.map((row) => (
        <tr>
          <td class="mono">
            <UserText text={row.name} lengthMax={200} />
            {row.isRequired ? null : <span class="field-note">optional</span>}
            {row.isSecret ? <span class="field-note">secret</span> : null}
          </td>
          <td>
            <UserText text={rulesText(row)} lengthMax={500} />
          </td>
          <td class="schema-about">
            {row.description === undefined
              ? ""
              : <UserText text={row.description} lengthMax={1_000} />}
          </td>
          <td class="mono">
            {row.default === undefined
              ? ""
              : <UserText text={JSON.stringify(row.default)} lengthMax={200} />}
          </td>
        </tr>
      ))}
    </Table>
  );
}
