/** Broken variants by name; each must be caught. */

import {
  beginningFirst,
  beginsForgotten,
  broken,
  changedLimitsForgotten,
  endsForgotten,
  handlersBeforeTheirStart,
  handlersBetweenSlices,
  measuringTheTimeOfDay,
  pausesNotTakenUp,
  placesForgotten,
  publishingBeforeDurable,
  refusalsDespiteLoss,
  refusalsToldAtOnce,
  runsLeftOver,
} from "./broken_kernel.ts";
import { ReadsNoBatchIds, withoutBatches } from "./broken_batches.ts";
import {
  AcknowledgesBeforeSync,
  LooksAtSizesAlone,
  PrewritesLate,
  RetriesFailedSync,
  SyncsNoFolder,
  WritesSnapshotInPlace,
} from "./broken_disks.ts";
import {
  type EnginePorts,
  HONEST_ENGINE,
  LIMITED,
  ONE_WORKER,
  PAUSED,
  SET_CLOCK,
} from "./engine_ports.ts";
import {
  READS_BACK,
  READS_NO_REST,
  SKIPS_BATCHES,
  TAKES_ANY_PLACE,
  ZOMBIE_GOES_ON,
} from "./broken_sharing.ts";
import { HONEST } from "./journal_play.ts";
import type { SharedPorts } from "./shared_process.ts";
import { playEngineSeed, playJournalSeed, playSharedSeed, type Verdict } from "./simulation.ts";
import { type Climate, LONG_FULL, OFTEN_FULL } from "./weather.ts";

export interface BrokenVariant {
  readonly name: string;
  /** The message of a violation that it causes. */
  readonly finding: RegExp;
  /** One that found it, where few do; if the code has changed since, new ones are tried. */
  readonly seed?: number | undefined;
  play(seed: number, isTraced?: boolean): Promise<Verdict>;
}

const LOST = /was durable, and after a restart|does not start: Cannot use the journal/;

export const BROKEN_VARIANTS: readonly BrokenVariant[] = [
  onDisk("a journal that acknowledges before the sync", AcknowledgesBeforeSync, LOST),
  onDisk("a journal that does not sync folders", SyncsNoFolder, LOST),
  onDisk("a journal that retries a failed sync", RetriesFailedSync, LOST),
  onDisk("a journal that writes newlines over a batch", PrewritesLate, LOST),
  onDisk(
    "a start that trusts the verdict of a changed segment",
    LooksAtSizesAlone,
    /was changed, but a start trusted it/,
  ),
  onDisk(
    "a snapshot that is written directly under its name",
    WritesSnapshotInPlace,
    /Set aside snapshot/,
  ),
  {
    name: "a journal that commits each line of a group separately",
    finding: /of a group of \d there is a part/,
    play: (seed, isTraced = false) => {
      const ports = { ...HONEST, journal: withoutBatches, options: { batchBytesMax: 1 } };
      return playJournalSeed(seed, { ports, isTraced });
    },
  },
  {
    name: "a reader that cannot distinguish the lines of batches",
    finding: /does not start: Cannot use the journal/,
    play: (seed, isTraced = false) =>
      playJournalSeed(seed, {
        ports: { ...HONEST, fileSystem: (disk) => new ReadsNoBatchIds(disk) },
        isTraced,
      }),
  },
  {
    name: "an engine that continues from entries that are not durable",
    finding: /runs while the job is|was shown, but there is|continued from/,
    play: (seed, isTraced = false) =>
      playEngineSeed(seed, {
        ports: { ...HONEST_ENGINE, between: publishingBeforeDurable },
        isTraced,
      }),
  },
  inKernel(
    "a kernel that calls a handler before the start of its attempt is durable",
    handlersBeforeTheirStart,
    /a handler began on job\.\w+ .* not on record/,
  ),
  inKernel(
    "a kernel that calls a handler between the slices of a batch whose later slice ends its job",
    handlersBetweenSlices,
    /runs while the job is/,
    { seed: 1022 },
  ),
  inKernel(
    "a kernel whose refusals depend on lost entries",
    refusalsDespiteLoss,
    /duplicate of .* was shown, but there is|was refused, and it is|was reported to exist/,
    { climate: OFTEN_FULL },
  ),
  inKernel(
    "a kernel that refuses a control before the entries it depends on are durable",
    refusalsToldAtOnce,
    /(?:suspend|resume) of .* was refused, and it is/,
  ),
  inKernel(
    "a kernel that starts no more jobs once a full disk kept one from starting",
    beginsForgotten,
    /starves: it is queued/,
    { climate: LONG_FULL, ports: ONE_WORKER, seed: 23 },
  ),
  inKernel(
    "a kernel whose continuing jobs wait behind those for which a full disk has no room",
    beginningFirst,
    /starves/,
    { climate: LONG_FULL, ports: ONE_WORKER, seed: 92 },
  ),
  inKernel(
    "a kernel that keeps the run of a start that a full disk lost",
    runsLeftOver,
    /starves|reported a defect/,
    { climate: LONG_FULL, seed: 40 },
  ),
  inKernel(
    "a kernel that forgets the outcome of an attempt that a full disk lost",
    endsForgotten,
    /a handler began on job\.TaskCompleted .* not on record|does not end: it is executing/,
    { climate: OFTEN_FULL, seed: 80 },
  ),
  inKernel("a kernel that measures with the time of day", measuringTheTimeOfDay, /starves/, {
    ports: SET_CLOCK,
    seed: 153,
  }),
  inKernel(
    "a kernel that holds places only in memory, so that a kill loses them",
    placesForgotten,
    /places are held by what is on record|is one too many of/,
    { ports: LIMITED },
  ),
  inKernel(
    "a kernel whose snapshots forget limits that were changed",
    changedLimitsForgotten,
    /limits are reported as changed by/,
    { ports: LIMITED },
  ),
  inKernel(
    "a kernel that forgets pauses at a start",
    pausesNotTakenUp,
    /begins while a pause holds the job|does not end/,
    { ports: PAUSED, seed: 13 },
  ),
  ofSharing(
    "a process that acknowledges what it reads back, without inserting it again",
    READS_BACK,
    /was acknowledged, but the database may lose it|acknowledged, but lost/,
    2,
  ),
  ofSharing(
    "a database that accepts a batch at any position",
    TAKES_ANY_PLACE,
    /is not what was durable|is not one chain|not what was written/,
  ),
  ofSharing("a zombie that continues", ZOMBIE_GOES_ON, /is not what was durable/),
  ofSharing(
    "a follower that skips a batch",
    SKIPS_BATCHES,
    /, and projected|is reported (?:at|as)/,
  ),
  ofSharing(
    "a process that takes over without reading the remaining batches",
    READS_NO_REST,
    /takes over without what was there before/,
  ),
];

function ofSharing(
  name: string,
  ports: SharedPorts,
  finding: RegExp,
  seed?: number,
): BrokenVariant {
  return {
    ...{ name, finding, seed },
    play: (seed, isTraced = false) => playSharedSeed(seed, { ports, isTraced }),
  };
}

interface KernelOptions {
  readonly climate?: Climate;
  readonly ports?: EnginePorts;
  readonly seed?: number;
}

function inKernel(
  name: string,
  how: () => () => void,
  finding: RegExp,
  { seed, ...options }: KernelOptions = {},
): BrokenVariant {
  return {
    ...{ name, finding, seed },
    play: (seed, isTraced = false) =>
      broken(how, () => playEngineSeed(seed, { isTraced, ...options })),
  };
}

type Disk = ConstructorParameters<typeof AcknowledgesBeforeSync>[0];

function onDisk(name: string, Broken: new (disk: Disk) => Disk, finding: RegExp): BrokenVariant {
  const ports = { ...HONEST, fileSystem: (disk: Disk) => new Broken(disk) };
  return {
    name,
    finding,
    play: (seed, isTraced = false) => playJournalSeed(seed, { ports, isTraced }),
  };
}
