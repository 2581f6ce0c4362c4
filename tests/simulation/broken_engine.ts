/** An engine that is broken on purpose: it continues from entries that are not on disk yet. */

import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { Journal, JournalConsumer } from "../../src/engine/ports.ts";
import { withAppend } from "./engine_ports.ts";

/** Publishes each group as soon as it has positions, and reports it as durable. */
export function publishingBeforeDurable(inner: JournalConsumer) {
  let published = 0;
  const publish = (entries: readonly JobEventLogEntry[]) => {
    const news = entries.filter(({ logId }) => logId > published);
    if (news.length === 0) return;
    published = news[news.length - 1]?.logId ?? published;
    inner.durable(news);
  };
  const consumer: JournalConsumer = {
    restore: (lines) => inner.restore(lines),
    replay: (entry) => inner.replay(entry),
    durable: publish,
    lost: (error) => inner.lost(error),
    capture: (head) => inner.capture(head),
    refuse: (entry) => inner.refuse(entry),
    failed: (error) => inner.failed(error),
  };
  const journal = (files: Journal) =>
    withAppend(files, (group, urgency) => {
      const { entries, durable } = files.append(group, urgency);
      durable.catch(() => {});
      return { entries, durable: Promise.resolve().then(() => publish(entries)) };
    });
  return { consumer, journal };
}
