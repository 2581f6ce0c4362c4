/** Sentences of an explanation, with what a reader may want to follow. */

import { TIME } from "../../core/duration.ts";
import { cutText } from "../../core/shown_value.ts";
import { jobPagePath } from "./links.tsx";
import { useIsJob } from "./viewing.tsx";
import { more } from "./text.tsx";

/** In UTF-16 units. */
const SENTENCE_MAX = 2_000;

/** Hyphenated words, at which a line would break; longer ones must break somewhere. */
const HYPHENATED = /^[\w.]+-[\w.-]{1,30}$/;
/** Words that may be the id of a job: after "job" any, elsewhere those that no prose has. */
const MAYBE_JOB =
  /(?<![\w.:~-])(?:(?<=\bjob )|(?=[\w.:~-]{0,127}[\d_:~-])(?=[\w.:~-]{0,127}[A-Za-z]))[\w.:~-]{0,127}[\w~-]/;
const MARKED = new RegExp(`(${TIME.source}|${MAYBE_JOB.source})`);

/** As `withDistances` adds it to a time. */
const AGE = /^ \((in \d[\w ]*|\d[\w ]* ago)(?=\))/;

/** A sentence of the explanation: times are `<time>` elements, and ids of jobs are links. */
export function TimedText({ text }: { readonly text: string }) {
  const isJob = useIsJob();
  const shown = cutText(text, SENTENCE_MAX);
  return (
    <bdi>
      {shown.split(MARKED).map((part, index, parts) => {
        if (index % 2 === 0) return withAge(part, parts[index - 1]);
        if (isJob(part)) return <a href={jobPagePath(part)}>{part}</a>;
        if (HYPHENATED.test(part)) return <span class="unbroken">{part}</span>;
        if (!TIME.test(part)) return part;
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
