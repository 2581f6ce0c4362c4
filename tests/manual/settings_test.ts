/** The manual's tables of settings and limits are those of the code. */

import assert from "node:assert/strict";
import { ENGINE_LIMITS } from "../../src/engine/engine_limits.ts";
import { HTTP_LIMITS } from "../../src/http/capacity/limits.ts";
import { type LimitName, LIMITS } from "../../src/documents/refusal.ts";
import { daybookCommands } from "../../src/cli/daybook.ts";
import type { JournalTools } from "../../src/cli/journal/folder.ts";
import { journalCommands } from "../../src/cli/journal.ts";
import type { Surroundings } from "../../src/cli/server_call.ts";
import { countText, sizeText } from "../../src/core/counted.ts";
import { SETTING_LIST } from "../../src/settings/settings.ts";
import { pageNames, readPage } from "../support/process/manual_pages.ts";

type Row = readonly string[];

/** As `deno fmt` has it. */
function tableOf(rows: readonly Row[]): string {
  const [head = []] = rows;
  const widths = head.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: Row) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  const [first = "", ...others] = rows.map(line);
  return [first, rule, ...others].join("\n");
}

function settingRows(): readonly Row[] {
  return SETTING_LIST.map(([, { flag, value, default: fallback, range = "", help }]) => [
    value === undefined ? `\`--${flag}\`` : `\`--${flag} <${value}>\``,
    fallback === "" ? "" : `\`${fallback}\``,
    range,
    help,
  ]);
}

function limitRows(): readonly Row[] {
  const limits: Partial<Record<LimitName, number>> = { ...ENGINE_LIMITS, ...HTTP_LIMITS };
  return (Object.keys(LIMITS) as LimitName[]).map((name) => {
    const { what } = LIMITS[name];
    const max = limits[name];
    const shown = what.startsWith("bytes") ? sizeText : countText;
    const text = max === undefined ? "a sixteenth of the heap" : shown(max);
    return [`\`${name}\``, text, what];
  });
}

Deno.test("manual: the tables of settings and limits match the code", async () => {
  const { text } = await readPage("running-a-server");
  const settings = tableOf([["flag", "default", "from, to", "what it is"], ...settingRows()]);
  const limits = tableOf([["limit", "at most", "of what"], ...limitRows()]);
  for (const table of [settings, limits]) {
    assert.ok(text.includes(table), `running-a-server.md should have\n${table}`);
  }
});

/** Of Deno and curl. */
const FLAGS_OF_OTHERS =
  /^(?:allow-(?:read|write|net|env|sys)|cached-only|help|lock|no-prompt|retry|v)$/;

Deno.test("manual: every flag on a page is a setting or an option of a command", async () => {
  const commands = [
    ...daybookCommands({} as Surroundings),
    ...journalCommands({} as JournalTools),
  ];
  const flags = new Set([
    ...SETTING_LIST.map(([, { flag }]) => flag),
    ...commands.flatMap(({ options }) => options.map(({ name }) => name)),
  ]);
  for (const name of await pageNames()) {
    const { text } = await readPage(name);
    for (const [, flag = ""] of text.matchAll(/`--([a-z][a-z-]*)/g)) {
      assert.ok(flags.has(flag) || FLAGS_OF_OTHERS.test(flag), `${name}.md names --${flag}`);
    }
  }
});
