/** Names of files and folders in a journal. */

import type { LogId } from "../core/ids.ts";

const POSITION_DIGITS = 20;
const SEGMENT = /^(\d{20})\.ndjson$/;
const SIDECAR = /^(\d{20})\.sidecar$/;
const SNAPSHOT = /^(\d{20})\.snapshot$/;

/** Suffix of a file until it is complete and on disk. */
export const TEMPORARY = ".tmp";
/** Suffix of a damaged snapshot. */
export const DAMAGED = ".damaged";
/** Suffix of a snapshot of entries that the journal does not have. */
export const AHEAD = ".ahead";
/** The default folder of a journal. */
export const DEFAULT_FOLDER = "journal";
/** The folder of keys; backups leave it out. */
export const KEYS = "keys";
/** The folder of the index; backups leave it out too. */
export const INDEX = "index";
/** The folder of sidecars. They describe these files, not copies of them. */
export const SIDECARS = "sidecars";
/** Suffix of the key of a sealed input. */
export const KEY = ".key";

const TEMPORARY_NAMES: readonly RegExp[] = [
  /^probe(?:-[0-9A-Z]{26})?\.tmp$/,
  /^\d{20}\.(?:ndjson|snapshot|sidecar)\.tmp$/,
  /^\d{20}-\d+-[0-9A-Z]{26}\.bin\.tmp$/,
  /^verification\.json\.[0-9a-f]{8}\.tmp$/,
  /^repair\.json\.tmp$/,
  /^clock\.tmp$/,
];

/** Whether a name is that of an unfinished file, which a start removes. */
export function isTemporary(name: string): boolean {
  return TEMPORARY_NAMES.some((pattern) => pattern.test(name));
}

/** The paths of a journal. */
export type Layout = Readonly<ReturnType<typeof journalLayout>>;

export function journalLayout(folder: string) {
  return {
    folder,
    segments: `${folder}/segments`,
    snapshots: `${folder}/snapshots`,
    quarantine: `${folder}/quarantine`,
    /** Sidecars of full segments: a cache. Created with the first one. */
    sidecars: `${folder}/${SIDECARS}`,
    /** Keys of sealed inputs. Created with the first one. */
    keys: `${folder}/${KEYS}`,
    lock: `${folder}/LOCK`,
    /** Why the process before ended, until a start records it. */
    endNote: `${folder}/ended.json`,
    /** A file whose space is freed when the disk is full. */
    reserve: `${folder}/reserve`,
    /** The result of the last verification. */
    verification: `${folder}/verification.json`,
    /** The log of jobs; not part of the journal. */
    logs: `${folder}/logs`,
    /** The index of ended jobs: a cache. The journal knows only its path. */
    index: `${folder}/${INDEX}`,
  };
}

export function segmentName(firstLogId: LogId): string {
  return `${padded(firstLogId)}.ndjson`;
}

/** The first position of a segment; `undefined` if the name is not a segment's. */
export function parseSegmentName(name: string): LogId | undefined {
  return positionIn(SEGMENT, name);
}

export function sidecarName(firstLogId: LogId): string {
  return `${padded(firstLogId)}.sidecar`;
}

/** The first position of a sidecar's segment; `undefined` for any other name. */
export function parseSidecarName(name: string): LogId | undefined {
  return positionIn(SIDECAR, name);
}

export function snapshotName(logId: LogId): string {
  return `${padded(logId)}.snapshot`;
}

/** The position of a snapshot; `undefined` if the name is not a snapshot's. */
export function parseSnapshotName(name: string): LogId | undefined {
  return positionIn(SNAPSHOT, name);
}

/** The names of the snapshots among others, oldest first. */
export function snapshotNames(names: readonly string[]): string[] {
  return names.filter((name) => positionIn(SNAPSHOT, name) !== undefined).sort();
}

/** The name in quarantine of what a segment had from an offset on. */
export function quarantineName(segment: string, offset: number, unique: string): string {
  return `${segment.replace(/\.ndjson$/, "")}-${offset}-${unique}.bin`;
}

function padded(logId: LogId): string {
  return String(logId).padStart(POSITION_DIGITS, "0");
}

function positionIn(pattern: RegExp, name: string): LogId | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
