/** Texts that users control: shown as what they are, and never longer than a page can bear. */

import { beginningOf, jsonSize, type JsonValue } from "../../../core/json.ts";

const LENGTH_MAX = 2_000;

export interface UserTextProps {
  readonly text: string;
  /** In UTF-16 units. */
  readonly lengthMax?: number;
}

/** Kept apart from what is around it: right-to-left marks in it reorder nothing else. */
export function UserText({ text, lengthMax = LENGTH_MAX }: UserTextProps) {
  const shown = cutText(text, lengthMax);
  return shown === text ? <bdi>{text}</bdi> : (
    <bdi>
      {shown}
      <span class="cut">{` … ${text.length - shown.length} more`}</span>
    </bdi>
  );
}

/** At most so long, and with no half of a character at its end. */
export function cutText(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : text.slice(0, lengthMax).toWellFormed();
}

export interface JsonViewProps {
  readonly value: unknown;
  /** Where all of it is, when it is too long for the page. */
  readonly href?: string;
  /** In UTF-16 units; less where a page has many. */
  readonly lengthMax?: number;
}

const JSON_LENGTH_MAX = 8_000;

/** Of what is larger the text is not made: a page may have many of them. */
const WHOLE_CHARACTERS_MAX = 32 * 1024;

export function JsonView({ value, href, lengthMax = JSON_LENGTH_MAX }: JsonViewProps) {
  const size = jsonSize(value as JsonValue);
  const isWhole = size <= WHOLE_CHARACTERS_MAX;
  const told = isWhole ? value : beginningOf(value as JsonValue, lengthMax);
  const text = JSON.stringify(told, null, 2) ?? "null";
  const shown = cutText(text, lengthMax);
  const length = isWhole ? text.length : size;
  return (
    <div class="json">
      <pre tabindex={0}><code dir="ltr">{shown}</code></pre>
      {shown === text && isWhole ? null : (
        <p class="hint">
          {isWhole ? "" : "About "}
          {length - shown.length} more characters.{" "}
          {href === undefined ? null : <a href={href}>All of it, as JSON</a>}
        </p>
      )}
    </div>
  );
}
