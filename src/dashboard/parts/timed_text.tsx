/** Sentences of an explanation, with what a reader may want to follow. */

import { TIME } from "../../core/duration.ts";
import { cutText } from "../../core/shown_value.ts";
import { jobPagePath } from "./links.tsx";
import { more } from "./text.tsx";

/** In UTF-16 units. */
const SENTENCE_MAX = 2_000;

/** Hyphenated words, at which a line would break; longer ones must break somewhere. */
const HYPHENATED = /(?<![\w-])[\w.]+-[\w.-]{1,30}(?![\w-])/;
/** Those that Daybook makes; another id could be any word. */
const JOB_ID = /\bjob[_~][0-9A-HJKMNP-TV-Z]{26}\b/;
const MARKED = new RegExp(`(${TIME.source}|${JOB_ID.source}|${HYPHENATED.source})`);

/** As `withDistances` adds it to a time. */
const AGE = /^ \((in \d[\w ]*|\d[\w ]* ago)(?=\))/;

/** A sentence of the explanation: times are `<time>` elements, and ids that Daybook made are links. */
export function TimedText({ text }: { readonly text: string }) {
  const shown = cutText(text, SENTENCE_MAX);
  return (
    <bdi>
      {shown.split(MARKED).map((part, index, parts) => {
        if (index % 2 === 0) return withAge(part, parts[index - 1]);
        if (JOB_ID.exec(part)?.[0] === part) return <a href={jobPagePath(part)}>{part}</a>;
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
