/** Texts from users: shown literally, and cut to a length that a page can hold. */

import { counted, countText } from "../../core/counted.ts";
import { jsonPrefix, jsonSize, type JsonValue } from "../../core/json.ts";

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
function more(text: string, shown: string) {
  if (shown === text) return null;
  return <span class="cut">{` … ${countText(text.length - shown.length)} more`}</span>;
}

const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/;
/** Hyphenated words, at which a line would break; longer ones must break somewhere. */
const HYPHENATED = /(?<![\w-])[\w.]+-[\w.-]{1,30}(?![\w-])/;
const UNBROKEN = new RegExp(`(${TIME.source}|${HYPHENATED.source})`);

/** As `withDistances` adds it to a time. */
const AGE = /^ \((in \d[\w ]*|\d[\w ]* ago)(?=\))/;

/** A sentence of the explanation, with its times as `<time>` elements; ids never break. */
export function TimedText({ text }: { readonly text: string }) {
  const shown = cutText(text, LENGTH_MAX);
  return (
    <bdi>
      {shown.split(UNBROKEN).map((part, index, parts) => {
        if (index % 2 === 0) return withAge(part, parts[index - 1]);
        if (!TIME.test(part)) return <span class="unbroken">{part}</span>;
        return <time datetime={part} title={part}>{part}</time>;
      })}
      {more(text, shown)}
    </bdi>
  );
}

/** The text after a time, with its age as an element, which a script keeps counting. */
function withAge(text: string, time = "") {
  const [all, age] = AGE.exec(text) ?? [];
  if (all === undefined || !TIME.test(time)) return text;
  return (
    <>
      {" ("}
      <span data-age={time}>{age}</span>
      {text.slice(all.length)}
    </>
  );
}

/** Cut to a length, without half of a surrogate pair at the end. */
export function cutText(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : text.slice(0, lengthMax).toWellFormed();
}

/** Cut to a length, with an ellipsis where the rest was. */
export function shortText(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${cutText(text, lengthMax)}…`;
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

/**
 * @param lengthMax In UTF-16 units; smaller on pages with many values.
 */
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
