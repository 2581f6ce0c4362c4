/** Whether an engine still works: told by its face and its journal, asked by its parts. */
export class EngineStatus {
  /** The journal takes nothing any more. */
  failed = false;
  /** It is stopping, and begins nothing new. */
  draining = false;
}
