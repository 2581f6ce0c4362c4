/** Whether an engine still works: set by the engine and its journal, read by its parts. */
export class EngineStatus {
  /** The journal takes nothing more. */
  failed = false;
  /** It runs the jobs; until then it follows another process that does. */
  leads = false;
  /** The engine is stopping, and begins nothing new. */
  draining = false;
}
