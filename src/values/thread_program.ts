/**
 * The program of the thread of the index of values, with all that it imports, as texts: so that no
 * permission is needed to read it. The modules are the ones that the rest of Daybook runs.
 */

import atOnce from "../core/at_once.ts" with { type: "text" };
import event from "../core/event.ts" with { type: "text" };
import jsonText from "../core/json_text.ts" with { type: "text" };
import quotation from "../core/quotation.ts" with { type: "text" };
import thrown from "../core/thrown.ts" with { type: "text" };
import dateForm from "../core/likeness/date_form.ts" with { type: "text" };
import looseForm from "../core/likeness/loose_form.ts" with { type: "text" };
import jobIndex from "../engine/job_index.ts" with { type: "text" };
import sortedPostings from "../engine/views/sorted_postings.ts" with { type: "text" };
import textHash from "../engine/views/text_hash.ts" with { type: "text" };
import postings from "../engine/views/postings.ts" with { type: "text" };
import valueKeys from "../engine/views/value_keys.ts" with { type: "text" };
import joined from "../engine/writer/joined.ts" with { type: "text" };
import valueTables from "../index/value_tables.ts" with { type: "text" };
import valueRuns from "../index/value_runs.ts" with { type: "text" };
import layout from "../journal/layout.ts" with { type: "text" };
import lineCodec from "../journal/line_codec.ts" with { type: "text" };
import lineBytes from "../journal/line_bytes.ts" with { type: "text" };
import lineCursor from "../journal/line_cursor.ts" with { type: "text" };
import durableLines from "./durable_lines.ts" with { type: "text" };
import filedValues from "./filed_values.ts" with { type: "text" };
import filing from "./filing.ts" with { type: "text" };
import valuesThread from "./values_thread.ts" with { type: "text" };

/** By their paths, each after those that it imports; the last one is run. */
const MODULES: readonly (readonly [path: string, text: string])[] = [
  ["core/at_once.ts", atOnce],
  ["core/event.ts", event],
  ["core/json_text.ts", jsonText],
  ["core/quotation.ts", quotation],
  ["core/thrown.ts", thrown],
  ["core/likeness/date_form.ts", dateForm],
  ["core/likeness/loose_form.ts", looseForm],
  ["engine/job_index.ts", jobIndex],
  ["engine/views/sorted_postings.ts", sortedPostings],
  ["engine/views/text_hash.ts", textHash],
  ["engine/views/postings.ts", postings],
  ["engine/views/value_keys.ts", valueKeys],
  ["engine/writer/joined.ts", joined],
  ["index/value_tables.ts", valueTables],
  ["index/value_runs.ts", valueRuns],
  ["journal/layout.ts", layout],
  ["journal/line_codec.ts", lineCodec],
  ["journal/line_bytes.ts", lineBytes],
  ["journal/line_cursor.ts", lineCursor],
  ["values/durable_lines.ts", durableLines],
  ["values/filed_values.ts", filedValues],
  ["values/filing.ts", filing],
  ["values/values_thread.ts", valuesThread],
];

const IMPORT = /^import (type )?[^;]*?"(\.[^"]+)";$/gm;

let program: string | undefined;

/** A script that begins it. */
export function threadProgram(): string {
  return program ??= `import(${JSON.stringify(linked())})` +
    ".catch((error) => setTimeout(() => { throw error; }))";
}

/** @throws {TypeError} when a module imports one that does not stand before it. */
function linked(): string {
  const urls = new Map<string, string>();
  let last = "";
  for (const [path, text] of MODULES) {
    const whole = text.replaceAll(IMPORT, (line, isType: string | undefined, name: string) => {
      if (isType !== undefined) return "";
      const imported = new URL(name, `file:///${path}`).pathname.slice(1);
      const url = urls.get(imported);
      if (url === undefined) throw new TypeError(`Cannot link ${path}: ${imported} is not there`);
      return line.replace(name, url);
    });
    last = URL.createObjectURL(new Blob([whole], { type: "application/typescript" }));
    urls.set(path, last);
  }
  return last;
}
