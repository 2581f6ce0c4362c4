/** A schema as a table: each field, and what it takes. */

import { Table } from "../parts/table.tsx";
import { UserText } from "../parts/text.tsx";
import type { Field } from "./field.ts";
import { rulesText } from "./rules_text.ts";

export function SchemaTable({ field }: { readonly field: Field }) {
  return (
    <Table caption="The input, field by field" headings={["Field", "Takes", "About", "Default"]}>
      {rowsOf(field).map((row) => (
        <tr>
          <td class="mono">
            <UserText text={pathText(row, field)} lengthMax={200} />
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

/** The fields of an object; of anything else, itself. */
function rowsOf(field: Field): readonly Field[] {
  return field.kind === "group" ? field.fields.flatMap((member) => [...withMembers(member)]) : [
    field,
  ];
}

function* withMembers(field: Field): Generator<Field> {
  yield field;
  if (field.kind !== "group") return;
  for (const member of field.fields) yield* withMembers(member);
}

/** `address.city` */
function pathText({ pointer, name }: Field, whole: Field): string {
  if (pointer === whole.pointer) return name;
  return pointer.slice(1).replaceAll("/", ".").replaceAll("~1", "/").replaceAll("~0", "~");
}
