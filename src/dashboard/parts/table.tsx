/** Tables, lists of facts, and what stands in place of an empty one. */

import type { Child } from "hono/jsx";

interface TableBoxProps {
  /** For screen readers. */
  readonly label: string;
  /** CSS classes besides its own. */
  readonly class?: string | undefined;
  readonly children: Child;
}

/**
 * The box that a table scrolls in, also by keyboard, so that the page never scrolls sideways. With
 * `as-cards`, a phone shows each row as a card, where `data-name` is the label of a cell.
 */
export function TableBox({ label, class: further, children }: TableBoxProps) {
  return (
    <div
      class={further === undefined ? "table-box" : `table-box ${further}`}
      tabindex={0}
      role="region"
      aria-label={label}
    >
      {children}
    </div>
  );
}

interface TableProps {
  /** A caption for screen readers. */
  readonly caption: string;
  readonly headings: readonly string[];
  /** Whether a phone shows each row as a card. */
  readonly asCards?: boolean;
  /** Rows of cells. */
  readonly children: Child;
  /** What is said of the rows that are not shown, if there are any. */
  readonly rest?: Child | false;
}

export function Table({ caption, headings, asCards = false, children, rest = false }: TableProps) {
  return (
    <>
      <TableBox label={caption} class={asCards ? "as-cards" : undefined}>
        <table>
          <caption class="unseen">{caption}</caption>
          <thead>
            <tr>{headings.map((heading) => <th scope="col">{heading}</th>)}</tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </TableBox>
      {rest !== false && <p class="hint">{rest}</p>}
    </>
  );
}

interface TermProps {
  readonly name: Child;
  /** The CSS class of what is said of it. */
  readonly class?: string | undefined;
  readonly children: Child;
}

/** An item of a list of facts, `dl.facts`: one below the other, or side by side. */
export function Term({ name, class: style, children }: TermProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={style}>{children}</dd>
    </div>
  );
}

/** Shown in place of an empty list, with what to do next. */
export function Empty({ title, children }: { readonly title: string; readonly children?: Child }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
