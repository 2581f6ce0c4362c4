/** Reads the page of a job for tests. */

import assert from "node:assert/strict";
import type { Explained } from "../engine/explained.ts";
import type { TestApp } from "./http_app.ts";

const BASE = "http://127.0.0.1:8000";

/** The Daybook of a scenario, called like a browser. */
export function browserOf({ app }: Explained): Pick<TestApp, "get"> {
  return {
    get: async (path, headers = {}) => await app.request(BASE + path, { headers }),
  };
}

/** The visible text of HTML: without markup, and with single spaces. */
export function readable(html: string): string {
  const whole = html.replaceAll(/<\/?time[^>]*>/g, "")
    .replaceAll(/<span (?:class="unbroken"|data-age="[^"]*")>([^<]*)<\/span>/g, "$1")
    .replaceAll(/<a href="\/ui\/jobs\/([^"]*)">\1<\/a>/g, "$1");
  return unescaped(whole.replaceAll(/<[^>]*>/g, " ")).replaceAll(
    /\s+/g,
    " ",
  );
}

/** The text of a job page up to its evidence, without folded parts and links. */
export function briefOnPage(html: string): string {
  const [start, end] = [html.indexOf('id="job-explanation"'), html.indexOf('id="job-evidence"')];
  assert.ok(0 <= start && start < end, "the page has no brief with evidence below it");
  const open = html.slice(html.indexOf(">", start) + 1, html.lastIndexOf("<", end))
    .replaceAll(/<details.*?<\/details>/gs, " ")
    .replaceAll(/ ?<a class="entry-link".*?<\/a>/gs, "")
    .replaceAll(/<\/?bdi>/g, "");
  return withoutRefs(readable(open)).trim();
}

/** The content of the prose: summary, reasons and next steps, without references and calls. */
export function briefInProse(text: string): readonly string[] {
  const [summary = "", ...sections] = text.split(/\n\n(?=[A-Z][a-z ]+\n)/);
  const items = sections.filter((section) => /^(Why|Next)\n/.test(section))
    .flatMap((section) => section.replaceAll(/\n {4}curl .*/g, "").split("\n  - "))
    .filter((item) => !/^(Why|Next)$/.test(item));
  return [summary, ...items].map((told) => withoutRefs(told.replaceAll(/\s+/g, " ")).trim());
}

function withoutRefs(text: string): string {
  return text.replaceAll(/ \[\d+(, (\d+|\.\.\.))*\]/g, "");
}

/** The visible text of a page, or a part of it. */
export function shownText(html: string): string {
  return unescaped(html.replaceAll(/<[^>]*>/g, " ")).replaceAll(/\s+/g, " ").trim();
}

export function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}

/** The part of a page that has this id, up to the next region; the page must have it. */
export function regionOf(html: string, id: string): string {
  const start = html.indexOf(` id="${id}"`);
  assert.ok(start >= 0, `the page has no region ${id}`);
  const end = html.indexOf(" data-live", html.indexOf(" data-live", start) + 1);
  return html.slice(start, end < 0 ? undefined : end);
}

export interface PageForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** All forms, with the values that they would send unchanged. */
export function formsOf(html: string): readonly PageForm[] {
  return [...html.matchAll(/<form method="post" action="([^"]*)"[^>]*>(.*?)<\/form>/gs)]
    .map(([, action = "", inner = ""]) => ({
      action: unescaped(action),
      fields: { ...hiddenFields(inner), ...textareas(inner) },
    }));
}

/** The form with this action; the page must have it. */
export function formTo(html: string, action: string): PageForm {
  return formsOf(html).find((form) => form.action === action) ??
    assert.fail(`the page has no form to ${action}`);
}

function hiddenFields(html: string): Record<string, string> {
  const inputs = html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g);
  return Object.fromEntries([...inputs].map(([, name, value = ""]) => [name, unescaped(value)]));
}

/** A browser drops a leading newline. */
function textareas(html: string): Record<string, string> {
  const areas = html.matchAll(/<textarea[^>]* name="([^"]*)"[^>]*>\n?(.*?)<\/textarea>/gs);
  return Object.fromEntries([...areas].map(([, name, text = ""]) => [name, unescaped(text)]));
}
