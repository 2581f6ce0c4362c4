/** Reads the parts of a page's HTML that tests use. */

import assert from "node:assert/strict";

/** Elements without an end. */
const EMPTY: ReadonlySet<string> = new Set(["input", "br", "img", "link", "meta"]);

/** The whole first element with this id. */
export function elementOf(html: string, id: string): string {
  const start = html.search(new RegExp(`<\\w+[^>]*\\sid="${id}"`));
  assert.ok(start >= 0, `there is no element with the id ${id}`);
  const name = /^<(\w+)/.exec(html.slice(start))?.[1] ?? "";
  const own = html.slice(start);
  if (EMPTY.has(name)) return own.slice(0, own.indexOf(">") + 1);
  let depth = 0;
  for (const tag of own.matchAll(new RegExp(`<(/?)${name}(?=[\\s>])`, "g"))) {
    depth += tag[1] === "/" ? -1 : 1;
    if (depth === 0) return own.slice(0, tag.index + name.length + 3);
  }
  return assert.fail(`the element with the id ${id} has no end`);
}

/** An attribute of the first tag; `undefined` if it has none of this name. */
export function attributeOf(html: string, name: string): string | undefined {
  const tag = /^<\w+[^>]*>/.exec(html)?.[0] ?? "";
  const value = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return value === undefined ? undefined : unescaped(value);
}

/** What a person reads, with single spaces. */
export function textOf(html: string): string {
  return unescaped(html.replace(/<[^>]*>/g, " ")).replace(/\s+/g, " ").trim();
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#39;": "'",
  "&amp;": "&",
};

function unescaped(text: string): string {
  return text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity] ?? entity);
}
