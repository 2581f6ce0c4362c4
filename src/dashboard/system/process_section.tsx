/** The process: how long it has been there, and what it takes of the machine. */

import type { ProcessFigures, SystemPort } from "../../http/ports/system_port.ts";
import { sizeText } from "../../core/size.ts";
import { durationText } from "../../core/duration.ts";
import { Time } from "../parts/time.tsx";

export interface ProcessSectionProps {
  readonly figures: ProcessFigures;
  readonly versions: SystemPort["versions"];
  readonly now: number;
}

export function ProcessSection({ figures, versions, now }: ProcessSectionProps) {
  const { pid, startedAt, residentBytes, heap, cpuSeconds } = figures;
  return (
    <section class="sheet" aria-labelledby="process-heading">
      <h2 id="process-heading">Process</h2>
      <dl class="facts" id="process" data-live>
        <dt>Process id</dt>
        <dd>{pid}</dd>
        <dt>Started</dt>
        <dd>
          <Time at={new Date(startedAt).toISOString()} now={now} />
        </dd>
        <dt>Memory</dt>
        <dd>
          {sizeText(residentBytes)} resident, {sizeText(heap.used)} of heap, which may be at most
          {" "}
          {sizeText(heap.max)}
        </dd>
        <dt>Processor</dt>
        <dd>{durationText(cpuSeconds * 1000)}</dd>
        {versions.map(({ name, version }) => (
          <>
            <dt>{name}</dt>
            <dd>{version}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}
