/**
 * The program of the index's thread: the text of its modules with all their imports, so that no
 * permission is needed to read them.
 *
 * The imports have a query (`?source`), since Deno treats a module that was imported as text as
 * text forever. Reading text without a permission works only for modules that are also imported as
 * modules here.
 */

import atOnce from "../core/work.ts?source" with { type: "text" };
import json from "../core/json.ts?source" with { type: "text" };
import correlation from "../core/correlation.ts?source" with { type: "text" };
import event from "../core/event.ts?source" with { type: "text" };
import jsonText from "../core/json_text.ts?source" with { type: "text" };
import logReferences from "../core/log_references.ts?source" with { type: "text" };
import thrown from "../core/thrown.ts?source" with { type: "text" };
import looseForm from "../explain/likeness/loose_form.ts?source" with { type: "text" };
import ports from "../engine/ports.ts?source" with { type: "text" };
import jobIndex from "../engine/job_index.ts?source" with { type: "text" };
import postings from "../engine/views/postings.ts?source" with { type: "text" };
import hash from "../engine/hash.ts?source" with { type: "text" };
import valueKeys from "../engine/views/value_keys.ts?source" with { type: "text" };
import ids from "../core/ids.ts?source" with { type: "text" };
import jobPlan from "../core/job_plan.ts?source" with { type: "text" };
import shellWord from "../core/shell_word.ts?source" with { type: "text" };
import collector from "../engine/collector.ts?source" with { type: "text" };
import joined from "../core/joined.ts?source" with { type: "text" };
import permissions from "../core/permissions.ts?source" with { type: "text" };
import byteCache from "../journal/format/byte_cache.ts?source" with { type: "text" };
import databaseFiles from "../index/database_files.ts?source" with { type: "text" };
import sortedPostings from "../index/sorted_postings.ts?source" with { type: "text" };
import valueRows from "../index/value_rows.ts?source" with { type: "text" };
import valueRuns from "../index/value_runs.ts?source" with { type: "text" };
import layout from "../journal/layout.ts?source" with { type: "text" };
import lineCodec from "../journal/format/line_codec.ts?source" with { type: "text" };
import lineBytes from "../journal/format/line_bytes.ts?source" with { type: "text" };
import exitCodes from "../core/exit_codes.ts?source" with { type: "text" };
import errors from "../journal/errors.ts?source" with { type: "text" };
import lineFields from "../journal/format/line_fields.ts?source" with { type: "text" };
import lineReader from "../journal/format/line_reader.ts?source" with { type: "text" };
import segmentScanner from "../journal/read/segment_scanner.ts?source" with { type: "text" };
import segmentPieces from "../journal/read/segment_pieces.ts?source" with { type: "text" };
import segmentProof from "../journal/read/segment_proof.ts?source" with { type: "text" };
import segments from "./segments.ts?source" with { type: "text" };
import filedValues from "./filed_values.ts?source" with { type: "text" };
import filing from "./filing.ts?source" with { type: "text" };
import { keepValues } from "./filing.ts";

/** By path, each after the modules that it imports. The last one is run. */
const MODULES: readonly (readonly [path: string, text: string])[] = [
  ["core/work.ts", atOnce],
  ["core/json.ts", json],
  ["core/correlation.ts", correlation],
  ["core/event.ts", event],
  ["core/json_text.ts", jsonText],
  ["core/log_references.ts", logReferences],
  ["core/thrown.ts", thrown],
  ["explain/likeness/loose_form.ts", looseForm],
  ["engine/ports.ts", ports],
  ["engine/job_index.ts", jobIndex],
  ["engine/views/postings.ts", postings],
  ["engine/hash.ts", hash],
  ["engine/views/value_keys.ts", valueKeys],
  ["core/joined.ts", joined],
  ["core/permissions.ts", permissions],
  ["journal/format/byte_cache.ts", byteCache],
  ["index/database_files.ts", databaseFiles],
  ["index/sorted_postings.ts", sortedPostings],
  ["index/value_rows.ts", valueRows],
  ["index/value_runs.ts", valueRuns],
  ["journal/layout.ts", layout],
  ["core/ids.ts", ids],
  ["core/job_plan.ts", jobPlan],
  ["core/shell_word.ts", shellWord],
  ["engine/collector.ts", collector],
  ["journal/format/line_codec.ts", lineCodec],
  ["journal/format/line_bytes.ts", lineBytes],
  ["core/exit_codes.ts", exitCodes],
  ["journal/errors.ts", errors],
  ["journal/format/line_fields.ts", lineFields],
  ["journal/format/line_reader.ts", lineReader],
  ["journal/read/segment_scanner.ts", segmentScanner],
  ["journal/read/segment_pieces.ts", segmentPieces],
  ["journal/read/segment_proof.ts", segmentProof],
  ["values/segments.ts", segments],
  ["values/filed_values.ts", filedValues],
  ["values/filing.ts", filing],
];

const IMPORT = /^import (type )?[^;]*?"(\.[^"]+)";$/gm;

/**
 * With `--check`, and in tests, Deno checks the types of threads as well. Here the imports of types
 * are gone.
 */
const UNCHECKED = "// @ts-nocheck\n";

let program: string | undefined;

/** The script that starts the program. */
export function threadProgram(): string {
  return program ??= `import(${JSON.stringify(linked())})` +
    `.then((module) => module.${keepValues.name}())` +
    ".catch((error) => setTimeout(() => { throw error; }))";
}

/** @throws {TypeError} when a module imports one that is not listed before it. */
function linked(): string {
  const urls = new Map<string, string>();
  let last = "";
  for (const [path, text] of MODULES) {
    const whole = text.replaceAll(IMPORT, (line, isType: string | undefined, name: string) => {
      if (isType !== undefined) return "";
      const imported = new URL(name, `file:///${path}`).pathname.slice(1);
      const url = urls.get(imported);
      if (url === undefined) {
        throw new TypeError(`Cannot link ${path}: ${imported} is not listed before it`);
      }
      return line.replace(name, url);
    });
    const type = "application/typescript";
    last = URL.createObjectURL(new Blob([UNCHECKED, whole], { type }));
    urls.set(path, last);
  }
  return last;
}
