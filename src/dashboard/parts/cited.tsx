/** A sentence about no single job, with the entries that it cites. */

import type { Citation, Statement } from "../../explain/explanation.ts";
import { TimedText } from "./text.tsx";

/** Each citation links to the stream. */
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
