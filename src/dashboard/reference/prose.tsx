/** Descriptions of the document: paragraphs, lists, and code within them. */

import type { Child } from "hono/jsx";

/** Text of the document: paragraphs, lists, and code between backticks. */
export function Prose({ text }: { readonly text: string }) {
  return (
    <>
      {text.split("\n\n").map((block) =>
        block.startsWith("- ")
          ? <ul>{block.split("\n").map((line) => <li>{inline(line.slice(2))}</li>)}</ul>
          : <p>{inline(block)}</p>
      )}
    </>
  );
}

function inline(text: string): Child[] {
  return text.split("`").map((part, at) => at % 2 === 1 ? <code>{part}</code> : part);
}
