/** Entries of the journal, as pages show them: in short, as links, and cited by sentences. */

import { CITES_MAX } from "../../explain/brief.ts";
import type { Citation, Statement } from "../../explain/statements/explanation.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { isLarge, type JsonObject } from "../../core/json.ts";
import { shortText } from "../../core/shown_value.ts";
import { entryNote } from "../../documents/entry_note.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { type ShownJson, shownJson, UserText } from "./text.tsx";
import { TimedText } from "./timed_text.tsx";

/** The data of an entry that pages show. */
export interface ShownEntry extends Omit<JobEventLogEntry, "attributes"> {
  /** A short description, the same as in the terminal; may be empty. */
  readonly note: string;
  /** The whole entry, as JSON. */
  readonly json: ShownJson;
}

const NOTE_LENGTH_MAX = 240;
/** Smaller entries are rendered at once. */
const SMALL_CHARACTERS = 8 * 1024;

const UTC = { timeOfDay: (time: string) => `${time.slice(11, 19)} UTC` };

/**
 * An event may have a megabyte, and a page a hundred events. So each entry is cut to what the page
 * shows as soon as it is read, and a large one gets a turn of its own.
 *
 * @param lengthMax The length of its JSON, in UTF-16 units.
 */
export async function shownEntry(
  { admission }: Pick<HttpDeps, "admission">,
  entry: JobEventLogEntry,
  lengthMax: number,
): Promise<ShownEntry> {
  if (isLarge(entry.attributes as JsonObject, SMALL_CHARACTERS)) await admission.enter("medium");
  const { attributes: _, ...rest } = entry;
  return {
    ...rest,
    note: shortText(entryNote(entry, UTC), NOTE_LENGTH_MAX),
    json: shownJson(entry as unknown as JsonObject, lengthMax),
  };
}

export function EntryNote({ entry: { note } }: { readonly entry: Pick<ShownEntry, "note"> }) {
  if (note === "") return null;
  return (
    <span class="entry-note">
      <UserText text={note} />
    </span>
  );
}

/** The path at which a page shows an entry. */
export type EntryPath = (logId: LogId) => string;

/** The stream has every entry. */
const streamPath: EntryPath = (logId) => `/ui/stream?before=${logId + 1}`;

interface EntryLinkProps {
  readonly logId: LogId;
  readonly title?: string | undefined;
  /** Default: in the stream. */
  readonly pathOf?: EntryPath | undefined;
}

/** Says to screen readers that the number is an entry. */
export function EntryLink({ logId, title, pathOf = streamPath }: EntryLinkProps) {
  return (
    <a class="entry-link" href={pathOf(logId)} title={title}>
      <span class="unseen">entry</span>
      {logId}
    </a>
  );
}

interface CitedProps extends Pick<EntryLinkProps, "pathOf"> {
  readonly of: Statement<Citation>;
}

/** A sentence, with the entries that it cites. */
export function Cited({ of: { statement, cites }, pathOf }: CitedProps) {
  const hidden = cites.length - CITES_MAX;
  return (
    <>
      <TimedText text={statement} />
      {cites.slice(0, CITES_MAX).map(({ logId, eventType, segment, line }) => (
        <>
          {" "}
          <EntryLink logId={logId} title={`${eventType}, ${segment}:${line}`} pathOf={pathOf} />
        </>
      ))}
      {hidden > 0 && <span class="soft">{` and ${hidden} more`}</span>}
    </>
  );
}

/** Sentences as the items of a list. */
export function CitedItems(
  { of, pathOf }: Pick<EntryLinkProps, "pathOf"> & { readonly of: readonly Statement<Citation>[] },
) {
  return (
    <>
      {of.map((one) => (
        <li>
          <Cited of={one} pathOf={pathOf} />
        </li>
      ))}
    </>
  );
}
