/** Texts from users: shown literally, and cut to a length that a page can hold. */

import { counted, countText } from "../../core/counted.ts";
import { jsonPrefix, jsonSize, type JsonValue } from "../../core/json.ts";
import { cutText } from "../../core/shown_value.ts";

const LENGTH_MAX = 2_000;

interface UserTextProps {
  readonly text: string;
  /** In UTF-16 units. */
  readonly lengthMax?: number;
}

/** Isolated from the text around it, so that right-to-left marks reorder nothing else. */
export function UserText({ text, lengthMax = LENGTH_MAX }: UserTextProps) {
  const shown = cutText(text, lengthMax);
  return <bdi>{shown}{more(text, shown)}</bdi>;
}

/** Says how much of a text is not shown, if it was cut. */
export function more(text: string, shown: string) {
  if (shown === text) return null;
  return <span class="cut">{` … ${countText(text.length - shown.length)} more`}</span>;
}

/** JSON as shown on a page: indented, and cut if it is long. */
export interface ShownJson {
  readonly text: string;
  /** How many characters are not shown. */
  readonly more: number;
  /** Whether `more` is exact, and not an estimate. */
  readonly isCounted: boolean;
}

const JSON_LENGTH_MAX = 8_000;

/** Larger values are not rendered in full, since a page may have many of them. */
const WHOLE_CHARACTERS_MAX = 32 * 1024;

/** @param lengthMax In UTF-16 units; smaller on pages with many values. */
export function shownJson(value: unknown, lengthMax: number = JSON_LENGTH_MAX): ShownJson {
  const size = jsonSize(value as JsonValue);
  const isCounted = size <= WHOLE_CHARACTERS_MAX;
  const prefix = isCounted ? value : jsonPrefix(value as JsonValue, lengthMax);
  const all = JSON.stringify(prefix, null, 2) ?? "null";
  const text = cutText(all, lengthMax);
  return { text, more: (isCounted ? all.length : size) - text.length, isCounted };
}

interface JsonTextProps {
  readonly json: ShownJson;
  /** A link to the whole value, if it is too long for the page. */
  readonly href?: string;
}

export function JsonText({ json: { text, more, isCounted }, href }: JsonTextProps) {
  return (
    <div class="json">
      <pre tabindex={0}><code dir="ltr">{text}</code></pre>
      {(more > 0 || !isCounted) && (
        <p class="hint">
          {isCounted ? "" : "About "}
          {counted(more, "more character")}.{" "}
          {href !== undefined && <a href={href}>All of it, as JSON</a>}
        </p>
      )}
    </div>
  );
}

export function JsonView(
  { value, ...rest }: Omit<JsonTextProps, "json"> & { readonly value: unknown },
) {
  return <JsonText json={shownJson(value)} {...rest} />;
}
