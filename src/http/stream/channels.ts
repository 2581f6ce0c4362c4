/** The channels that have readers, found by what they want and by the job that they are of. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import type { Channel, Wanted } from "./channel.ts";

export class Channels {
  readonly #byWanted = new Map<string, Channel>();
  /** Of no job in particular. */
  readonly #general = new Set<Channel>();
  readonly #byJob = new Map<JobId, Set<Channel>>();

  /** @param make Called when nobody wants the same already. */
  join(wanted: Wanted, make: () => Channel): Channel {
    const key = keyOf(wanted);
    let channel = this.#byWanted.get(key);
    if (channel === undefined) {
      this.#byWanted.set(key, channel = make());
      this.#setOf(wanted.filter.jobId).add(channel);
    }
    channel.readers += 1;
    return channel;
  }

  left(channel: Channel): void {
    channel.readers -= 1;
    if (channel.readers > 0) return;
    const { jobId } = channel.wanted.filter;
    const set = this.#setOf(jobId);
    set.delete(channel);
    if (jobId !== undefined && set.size === 0) this.#byJob.delete(jobId);
    this.#byWanted.delete(keyOf(channel.wanted));
  }

  /** Those of which a reader waits for one of these entries; jobs that nobody reads cost nothing. */
  concernedBy(entries: readonly JobEventLogEntry[]): ReadonlySet<Channel> {
    const concerned = new Set<Channel>();
    for (const channel of this.#general) {
      if (entries.some((entry) => channel.concerns(entry))) concerned.add(channel);
    }
    for (const entry of this.#byJob.size === 0 ? [] : entries) {
      const channels = entry.jobId === undefined ? undefined : this.#byJob.get(entry.jobId);
      for (const channel of channels ?? []) {
        if (channel.concerns(entry)) concerned.add(channel);
      }
    }
    return concerned;
  }

  #setOf(jobId: JobId | undefined): Set<Channel> {
    if (jobId === undefined) return this.#general;
    let channels = this.#byJob.get(jobId);
    if (channels === undefined) this.#byJob.set(jobId, channels = new Set());
    return channels;
  }
}

function keyOf({ filter, onlyTransitions, untilEnd }: Wanted): string {
  const { eventTypes, jobId, stratum } = filter;
  const types = eventTypes === undefined ? null : [...eventTypes].toSorted();
  return JSON.stringify([jobId ?? null, stratum ?? null, types, onlyTransitions, untilEnd]);
}
