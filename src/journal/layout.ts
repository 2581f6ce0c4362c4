/** Names of files and folders in a journal. */

import type { LogId } from "../core/ids.ts";

const POSITION_DIGITS = 20;
const SEGMENT = /^(\d{20})\.ndjson$/;
const SIDECAR = /^(\d{20})\.sidecar$/;
const SNAPSHOT = /^(\d{20})\.snapshot$/;

/** What a file is called until it is whole and on disk. */
export const TEMPORARY = ".tmp";
/** What a snapshot that cannot be trusted is called. */
export const DAMAGED = ".damaged";
/** What a snapshot of entries that the journal does not hold is called. */
export const AHEAD = ".ahead";
/** The folder of keys; what is copied for safety's sake leaves it out. */
export const KEYS = "keys";
/** The folder of the index; what is copied for safety's sake leaves it out, too. */
export const INDEX = "index";
/** The folder of sidecars, which name files: a copy has other ones. */
export const SIDECARS = "sidecars";
/** What the key of a sealed input is called. */
export const KEY = ".key";

const TEMPORARY_NAMES: readonly RegExp[] = [
  /^probe(?:-[0-9A-Z]{26})?\.tmp$/,
  /^\d{20}\.(?:ndjson|snapshot|sidecar)\.tmp$/,
  /^\d{20}-\d+-[0-9A-Z]{26}\.bin\.tmp$/,
  /^verification\.json\.[0-9a-f]{8}\.tmp$/,
  /^repair\.json\.tmp$/,
  /^clock\.tmp$/,
];

/** Whether a name is one of a file that the journal had begun, and that a start removes. */
export function isTemporary(name: string): boolean {
  return TEMPORARY_NAMES.some((pattern) => pattern.test(name));
}

export interface Layout {
  readonly folder: string;
  readonly segments: string;
  readonly snapshots: string;
  readonly quarantine: string;
  /** What is known of segments that get no more batches: caches; there only with some. */
  readonly sidecars: string;
  /** Keys of sealed inputs; there only when there are some. */
  readonly keys: string;
  readonly lock: string;
  /** Room that is given up when there is no other. */
  readonly reserve: string;
  /** What the last verification found. */
  readonly verification: string;
  /** What code of jobs says to people: beside the journal, and no part of it. */
  readonly logs: string;
  /** The index of jobs that have ended: a cache, of which the journal knows only the place. */
  readonly index: string;
}

export function layoutOf(folder: string): Layout {
  return {
    folder,
    segments: `${folder}/segments`,
    snapshots: `${folder}/snapshots`,
    quarantine: `${folder}/quarantine`,
    sidecars: `${folder}/${SIDECARS}`,
    keys: `${folder}/${KEYS}`,
    lock: `${folder}/LOCK`,
    reserve: `${folder}/reserve`,
    verification: `${folder}/verification.json`,
    logs: `${folder}/logs`,
    index: `${folder}/${INDEX}`,
  };
}

export function segmentName(firstLogId: LogId): string {
  return `${padded(firstLogId)}.ndjson`;
}

/** The first position of a segment, or `undefined` when the name is not one of a segment. */
export function firstLogIdOf(name: string): LogId | undefined {
  return positionIn(SEGMENT, name);
}

export function sidecarName(firstLogId: LogId): string {
  return `${padded(firstLogId)}.sidecar`;
}

/** The first position of the segment of a sidecar, or `undefined` for any other name. */
export function sidecarLogIdOf(name: string): LogId | undefined {
  return positionIn(SIDECAR, name);
}

export function snapshotName(logId: LogId): string {
  return `${padded(logId)}.snapshot`;
}

/** The position that a snapshot stands for, or `undefined` when the name is not one's. */
export function snapshotLogIdOf(name: string): LogId | undefined {
  return positionIn(SNAPSHOT, name);
}

function padded(logId: LogId): string {
  return String(logId).padStart(POSITION_DIGITS, "0");
}

function positionIn(pattern: RegExp, name: string): LogId | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
