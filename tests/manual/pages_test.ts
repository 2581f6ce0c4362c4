/** Runs the commands of every page of the manual in a copy of this repository. */

import assert from "node:assert/strict";
import { helpText } from "../../src/settings/configuration_text.ts";
import { inCheckout } from "../support/process/checkout.ts";
import { blocksOf, type Page, pageNames, readPage } from "../support/process/manual_pages.ts";
import { PageWalk } from "../support/process/page_walk.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { hasTools } from "../support/process/tools.ts";

Deno.test({
  name: "manual: every page's commands do what it says",
  // The pages need curl and jq, which CI installs.
  ignore: !hasTools("curl", "jq"),
  fn: async (t) => {
    await inCheckout(async (checkout) => {
      for (const name of await pageNames()) {
        const page = await readPage(name);
        await t.step(name, () => new PageWalk(page, checkout).run());
        await checkout.tidy();
      }
    });
  },
});

/** `text` blocks are not run. */
const LANGUAGES = ["sh", "ts", "jsonc", "ini", "yaml", "crontab", "caddyfile", "text"];

Deno.test("manual: a test covers every block of code", async () => {
  for (const name of await pageNames()) {
    const { text, blocks } = await readPage(name);
    assert.equal(text.match(/^\s*```/gm)?.length ?? 0, 2 * blocks.length, name);
    for (const { language, line } of blocks) {
      assert.ok(LANGUAGES.includes(language), `${name}:${line} is ${language}`);
    }
  }
});

Deno.test("manual: the index leads to every page", async () => {
  const { text } = await readPage("README");
  for (const name of await pageNames()) {
    if (name !== "README") assert.ok(text.includes(`](${name}.md)`), name);
  }
});

Deno.test("manual: --help names the page When things go wrong, which has every exit code", async () => {
  const help = helpText();
  assert.ok(help.includes("src/manual/when-things-go-wrong.md"));
  const { text } = await readPage("when-things-go-wrong");
  const [, codes = ""] = /exit codes: ([\s\S]*)$/.exec(help) ?? [];
  const told = new Set(
    [...text.matchAll(/^\| ([\d, ]+) +\|/gm)].flatMap(([, cell = ""]) =>
      cell.split(",").map((code) => code.trim())
    ),
  );
  for (const [code] of codes.matchAll(/\b[1-9]\d*\b/g)) assert.ok(told.has(code), code);
});

/** Runs a page of these lines in a folder without Daybook. */
async function walk(lines: readonly string[]): Promise<void> {
  const text = lines.join("\n");
  const page: Page = { file: "page.md", text, blocks: blocksOf(text) };
  await inFolder(async (folder) => {
    const checkout = { folder, above: folder, env: {}, tidy: () => Promise.resolve() };
    await new PageWalk(page, checkout).run();
  });
}

Deno.test("manual: a page with wrong output is caught, with the place", async () => {
  await walk(["# A page", "", "```sh", "echo one two", "# => two", "```"]);
  const broken = walk(["# A page", "", "```sh", "echo one", "# => two", "```"]);
  await assert.rejects(broken, /page\.md:4 promises\ntwo\nbut it printed\none/);
});

Deno.test("manual: a command that fails is caught, and so is one that should fail and does not", async () => {
  await walk(["```sh fails", "false", "```"]);
  await assert.rejects(walk(["```sh", "false", "```"]), /page\.md:2 exits with 1/);
  await assert.rejects(walk(["```sh", "false", "true", "```"]), /page\.md:2 exits with 1/);
  await assert.rejects(walk(["```sh fails", "true", "```"]), /page\.md:2 exits with 0/);
});

Deno.test("manual: code is written to the file that it names, and code without a name is caught", async () => {
  await walk([
    "```ts",
    "// a.ts",
    "export {};",
    "```",
    "```sh",
    "cat a.ts",
    "# => export {};",
    "```",
  ]);
  await assert.rejects(walk(["```ts", "export {};", "```"]), /names no file/);
});

Deno.test("manual: a line of crontab is run as cron would", async () => {
  await walk([
    "```crontab",
    '5 3 * * * echo "on $(date +\\%d)" > day',
    "```",
    "```sh",
    "cat day",
    "# => on",
    "```",
  ]);
});
