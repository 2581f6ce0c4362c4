/** A table that scrolls inside its own box: the page itself never moves sideways. */

import type { Child } from "hono/jsx";

export interface TableProps {
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
