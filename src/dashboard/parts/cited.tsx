/** A sentence that is about no one job, with the lines that it rests on. */

import type { Citation, Statement } from "../../explain/explanation.ts";
import { TimedText } from "./text.tsx";

/** Each line that it rests on leads to the journal. */
export function Cited({ of }: { readonly of: Statement<Citation> }) {
  return (
    <>
      <TimedText text={of.statement} />
      {of.cites.map(({ logId, eventType }) => (
        <>
          {" "}
          <a class="entry-link" href={`/ui/stream?before=${logId + 1}`} title={eventType}>
            <span class="unseen">entry</span>
            {logId}
          </a>
        </>
      ))}
    </>
  );
}
