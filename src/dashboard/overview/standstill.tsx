/** Why all work stands still, when it does: the cause, what proves it, and what would end it. */

import { queueBriefOf } from "../../explain/brief.ts";
import type { Citation, Statement } from "../../explain/explanation.ts";
import type { QueueExplanation } from "../../explain/queue_explanation.ts";
import type { Commands } from "../commands.ts";
import type { Call } from "../parts/curl.tsx";
import { TimedText } from "../parts/text.tsx";

/** What has stood still for less may be on its way already. */
const SHOWN_AFTER_MS = 5_000;

interface StandstillProps {
  readonly told: QueueExplanation<Citation> | undefined;
  readonly now: number;
}

export function Standstill({ told, now }: StandstillProps) {
  return (
    <div id="standstill" data-live>
      {told !== undefined && isShown(told, now) ? <Cause told={told} now={now} /> : null}
    </div>
  );
}

/** What would end it. */
export function standstillCalls(
  { told, now }: StandstillProps,
  commands: Commands,
): readonly Call[] {
  if (told === undefined || !isShown(told, now)) return [];
  return queueBriefOf(told, now).next.flatMap(({ statement, action }) =>
    action === undefined ? [] : [{ label: statement, command: commands.of(action) }]
  );
}

function isShown({ standsStill, since }: QueueExplanation<Citation>, now: number): boolean {
  return standsStill && (since === undefined || now - Date.parse(since) >= SHOWN_AFTER_MS);
}

interface CauseProps extends StandstillProps {
  readonly told: QueueExplanation<Citation>;
}

function Cause({ told, now }: CauseProps) {
  const { summary, reasons, next } = queueBriefOf(told, now);
  return (
    <section class="note note-bad stack" aria-label="Why work stands still">
      <p role="alert">
        {summary.map((part) => <Cited of={part} />)}
      </p>
      <ul>
        {reasons.map((reason) => (
          <li>
            <Cited of={reason} />
          </li>
        ))}
      </ul>
      <ul>
        {next.map((step) => (
          <li>
            <Cited of={step} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Each line that it rests on leads to the journal. */
function Cited({ of }: { readonly of: Statement<Citation> }) {
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
