/** What is shown where there is nothing: how there would be something. */

import type { Child } from "hono/jsx";

export interface EmptyProps {
  readonly title: string;
  readonly children?: Child;
}

export function Empty({ title, children }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
