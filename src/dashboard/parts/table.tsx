/** A table that scrolls inside its own box: the page itself never moves sideways. */

import type { Child } from "hono/jsx";

interface TableProps {
  /** What it is a table of, for those who cannot see what is around it. */
  readonly caption: string;
  readonly headings: readonly string[];
  /** Rows of cells. */
  readonly children: Child;
}

export function Table({ caption, headings, children }: TableProps) {
  return (
    <div class="table-box" tabindex={0} role="region" aria-label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>{headings.map((heading) => <th scope="col">{heading}</th>)}</tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children?: Child;
}

/** What is shown where there is nothing: how there would be something. */
export function Empty({ title, children }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
